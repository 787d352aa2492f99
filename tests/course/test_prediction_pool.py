"""The questions for predictions: each is asked once, before its cell, and may come out any way."""

import ast
import re
from collections import Counter

import jupytext
import pytest

from tlhelpers.course.contents import source_dir
from tlhelpers.course.prediction_kinds import UNRESOLVED, Amount, Better, OneOf, Sentence
from tlhelpers.course.prediction_records import lessons, pool, question
from tlhelpers.setup.progress_store import PREDICTION

SOURCES = {path.name[:2]: path for path in sorted(source_dir().glob("[0-9][0-9]_*.py"))}
each_lesson = pytest.mark.parametrize("lesson", SOURCES)
BEFORE = re.compile(r"> \*\*Before you (run|move) [^*]*:\*\*")


def cells_of(lesson):
    return jupytext.read(SOURCES[lesson]).cells


def calls_of(lesson, name):
    """The calls of a function, each with the number of its cell."""
    return [
        (place, node)
        for place, cell in enumerate(cells_of(lesson))
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name
    ]


def by_id(lesson, name):
    """Id to the number of the cell that asks, or shows; each id comes once."""
    calls = [(call.args[0].value, place) for place, call in calls_of(lesson, name)]
    assert max(Counter(id_ for id_, _ in calls).values(), default=1) == 1, calls
    return dict(calls)


@each_lesson
def test_each_question_is_asked_once_and_shown_once_after_it(lesson):
    asked, shown = by_id(lesson, "record_prediction"), by_id(lesson, "show_outcome")
    assert list(asked) == list(pool(lesson) if lesson in lessons() else []), "in their order"
    assert set(shown) == set(asked)
    assert all(asked[name] < shown[name] for name in asked)


@each_lesson
def test_a_question_has_a_cell_of_one_line_below_its_paragraph(lesson):
    cells = cells_of(lesson)
    asked = {place: name for name, place in by_id(lesson, "record_prediction").items()}
    for place, name in asked.items():
        assert cells[place].source == f'record_prediction("{name}")'
    paragraphs = [i for i, cell in enumerate(cells) if BEFORE.search(cell.source)]
    assert [place - 1 for place in asked] == paragraphs
    for place in paragraphs:
        assert len(BEFORE.findall(cells[place].source)) == 1


def test_every_lesson_with_a_paragraph_has_questions():
    with_one = [name for name, path in SOURCES.items() if BEFORE.search(path.read_text("utf-8"))]
    assert set(with_one) == set(lessons()) and len(with_one) >= 12


def outcome_words(node):
    """The texts that an expression may give as a whole: not those that look something up."""
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return outcome_words(node.body) + outcome_words(node.orelse)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):
        return [word for value in node.value.values for word in outcome_words(value)]
    return []


@each_lesson
def test_what_comes_out_is_computed_and_one_of_the_choices(lesson):
    for _, call in calls_of(lesson, "show_outcome"):
        asked, measured = question(call.args[0].value), call.args[1:]
        if isinstance(asked, Sentence) and not measured:
            continue
        assert measured, asked.key
        for argument in measured:
            used = [node for node in ast.walk(argument) if isinstance(node, ast.Name)]
            assert used, f"{asked.key}: what came out must come from the notebook's variables"
        words = outcome_words(measured[0])
        assert not words or isinstance(asked, OneOf), asked.key
        assert set(words) <= set(getattr(asked, "options", {})), (asked.key, words)


def test_words_that_an_outcome_may_be_are_found():
    def words(code):
        return outcome_words(ast.parse(code, mode="eval").body)

    assert words('"a" if x["c"] > 1 else {1: "b", 0: "d"}[f("e")]') == ["a", "b", "d"]
    assert words("table.idxmax()") == words('best["a"]') == []


@pytest.mark.parametrize("lesson", lessons())
def test_questions_are_whole_sentences_with_choices_that_do_not_betray_the_outcome(lesson):
    for name, asked in pool(lesson).items():
        assert PREDICTION.fullmatch(name), name
        assert 20 <= len(asked.text) <= 160 and asked.text[0].isupper(), name
        assert asked.text.endswith("?"), name
        assert asked.kind in {"choice", "number", "sentence"}
        if isinstance(asked, OneOf):
            _assert_choices_are_fair(name, asked)
        if isinstance(asked, Amount):
            assert asked.unit in {"%", "points"} and asked.low < asked.high, name
            _assert_sentences(name, asked.too_high, asked.too_low)


def _assert_choices_are_fair(name, asked):
    words = list(asked.options.values())
    assert 2 <= len(words) <= 24 and len(set(words)) == len(words), name
    assert set(asked.surprise) <= set(asked.options), name
    _assert_sentences(name, *asked.surprise.values())
    # The longest is no more than half as long again, but for "no difference between them …".
    lengths = [len(one) for key, one in asked.options.items() if key != UNRESOLVED]
    assert max(lengths) <= 1.5 * min(lengths) + 12, (name, words)
    assert not re.search(r"\b(correct|right answer|of course|obviously)\b", " ".join(words)), name


def _assert_sentences(name, *sentences):
    for one in filter(None, sentences):
        assert len(one) > 30 and one[0].isupper() and one[-1] in ".?", (name, one)
        assert not re.search(r"0\.\d|\d ?%", one), f"{name}: a typed figure would go stale"


@pytest.mark.parametrize("lesson", lessons())
def test_a_question_about_a_difference_that_is_judged_offers_that_none_is_resolved(lesson):
    for name, asked in pool(lesson).items():
        if isinstance(asked, Better):
            assert len(asked.options) == 3 and UNRESOLVED in asked.options, name
        example = asked.example
        assert asked.read(example) == example, name
