"""Known wrong answers to all lessons are refused by name; right ones in any form pass.

Each row: the exercise, a name, the code (an expression, or statements that define `answer`), and
words of the message that name the mistake: "" where a hint is enough, None if it stays open."""

from collections import Counter
from importlib import import_module

import pytest
import valid_answers

from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercises import examine

LESSONS = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14"]
TABLES = [import_module(f"wrong_answers_{lesson}") for lesson in LESSONS]
WRONG = [row for table in TABLES for row in table.WRONG]
VALID = valid_answers.VALID + [
    row for lesson in LESSONS[5:] for row in import_module(f"valid_answers_{lesson}").VALID
]
NOTEBOOK = """
import copy, itertools, math, random
from collections import Counter, OrderedDict
import numpy as np
import pandas as pd
import torch
from torch import nn
import torch.nn.functional as F
"""


def ids(rows):
    return [f"{row[0]} {row[1]}" for row in rows]


def answer_of(code: str):
    """What a learner's cell defines, in a notebook's own names."""
    names = {"__name__": "__main__"}
    exec(NOTEBOOK + (code if "answer" in code else f"answer = {code}"), names)
    return names["answer"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("exercise", "name", "code", "word"), WRONG, ids=ids(WRONG))
def test_a_wrong_answer_is_refused_and_its_mistake_is_named(exercise, name, code, word):
    state, message = examine(exercise, answer_of(code))
    assert state == ("open" if word is None else "wrong")
    assert (word or "").lower() in message.lower()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("exercise", "name", "code"), VALID, ids=ids(VALID))
def test_a_right_answer_in_an_unusual_form_passes(exercise, name, code):
    assert examine(exercise, answer_of(code)) == ("right", exercises(exercise)[exercise].praise)


def test_each_lesson_has_twenty_wrong_answers_and_five_right_ones_or_more():
    for rows, least in ((WRONG, 20), (VALID, 5)):
        assert len(set(ids(rows))) == len(rows)
        counts = Counter(row[0][:2] for row in rows)
        assert sorted(counts) == LESSONS
        assert min(counts.values()) >= least
