"""Every exercise: right answers pass, plausible wrong ones each get their own hint."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from tlhelpers.course import check, progress
from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_kinds import RETURNS_NOTHING, Choice, Function, Number, alike
from tlhelpers.course.exercises import examine
from tlhelpers.course.watched_answer import is_empty

ALL = exercises()
LESSONS = sorted({exercise_id[:2] for exercise_id in ALL})


@pytest.mark.parametrize("exercise_id", ALL)
def test_right_answers_pass(exercise_id):
    for answer in ALL[exercise_id].right_answers():
        assert examine(exercise_id, answer) == ("right", ALL[exercise_id].praise)


@pytest.mark.parametrize("exercise_id", ALL)
def test_three_wrong_answers_or_more_each_get_their_own_hint(exercise_id):
    wrong = ALL[exercise_id].wrong_answers()
    assert len(wrong) >= 3
    assert len({hint for _, hint in wrong}) == len(wrong)
    for answer, hint in wrong:
        assert examine(exercise_id, answer) == ("wrong", hint)


@pytest.mark.parametrize("exercise_id", ALL)
def test_three_different_hints_come_closer(exercise_id):
    assert len(set(ALL[exercise_id].hints)) == 3


@pytest.mark.parametrize("exercise_id", ALL)
def test_an_empty_answer_is_open(exercise_id):
    empty = [None, ...]
    if isinstance(ALL[exercise_id], Function):
        empty += [lambda *given: None, lambda *given: ...]
    assert [examine(exercise_id, answer).state for answer in empty] == ["open"] * len(empty)


@pytest.mark.parametrize("exercise_id", [name for name in ALL if isinstance(ALL[name], Function)])
def test_a_function_that_only_prints_or_forgets_to_return_is_told_so(exercise_id, capsys):
    def printing(*given):
        print("0.5")

    def forgetting(*given):
        result = len(given)  # noqa: F841

    for answer in (printing, forgetting, printing):
        assert examine(exercise_id, answer) == ("wrong", RETURNS_NOTHING)


def test_a_body_without_a_step_is_an_empty_one():
    def documented(x):
        """What it will do."""

    def passing(x):
        pass

    def dots(x): ...

    def nothing(x):
        return None

    bound = 3

    def named(x):
        return bound and None

    out_of_sight = print
    assert all(map(is_empty, (documented, passing, dots, nothing, out_of_sight)))
    assert not any(map(is_empty, (named, lambda x: x, lambda x: x[0])))


def test_lesson_00_has_three_exercises_and_lesson_02_at_least_five():
    count = {lesson: sum(i.startswith(lesson) for i in ALL) for lesson in LESSONS}
    assert count["00"] >= 3
    assert count["02"] >= 5


def test_unknown_mistakes_get_the_hints_in_turn():
    hints = ALL["02.1"].hints

    def nonsense(train, labels, test):
        return np.full(len(test), 77)

    told = [examine("02.1", nonsense, attempt).message for attempt in (1, 2, 3, 4)]
    assert told == [*hints, hints[-1]]


def test_a_known_mistake_made_again_gets_a_closer_hint_too():
    exercise = ALL["00.1"]
    assert examine("00.1", "a", 2).message == f"{exercise.why_not['a']} {exercise.hints[1]}"
    assert examine("00.1", "a", 9).message == f"{exercise.why_not['a']} {exercise.hints[2]}"


def test_what_a_learners_function_raises_is_told():
    verdict = examine("02.1", lambda train, labels, test: 1 / 0)
    assert verdict.state == "wrong"
    assert "ZeroDivisionError" in verdict.message


def test_a_result_instead_of_the_function_is_told():
    assert "the function itself" in examine("02.1", np.zeros(3)).message


def test_a_letter_that_is_no_option_is_told_the_options():
    assert "a, b, c, d" in examine("00.1", "e").message
    assert "a, b, c, d" in examine("00.1", 2).message


def test_an_unknown_exercise_names_its_neighbours():
    with pytest.raises(ValueError, match=r"unknown exercise '02\.11'.*02\.1"):
        examine("02.11", 1)


def test_a_number_exercise():
    number = Number("x", "good", ("a", "b", "c"), 0.5, 0.01, [(0.25, "halved twice")])
    assert number.examine(0.505) == ("right", "good")
    assert number.examine("0.25") == ("wrong", "halved twice")
    assert number.examine(7) == ("wrong", "")
    assert "not list" in number.examine([1, 2]).message


def test_the_learners_arguments_cannot_spoil_the_next_check():
    def spoil(train, labels, test):
        train[:] = 0
        return labels

    before = examine("02.1", spoil)
    assert examine("02.1", ALL["02.1"].reference).state == "right"
    assert before.state == "wrong"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1.0, True),
        (np.float32(0.1), 0.1, True),
        ([1, (2, 3)], [1, [2, 3]], True),
        (np.arange(3), np.arange(3.0), True),
        (np.arange(3), np.arange(4), False),
        (np.array(["a"]), np.array(["a"]), True),
        (np.array(["a"]), np.array([1]), False),
        (True, 1, False),
        (None, 0, False),
        ("a", "b", False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"b": 1}, False),
        (np.nan, np.nan, True),
        (object(), 1, False),
        ([1, [2, 3]], 1, False),
        (1, [[1], [2, 3]], False),
    ],
)
def test_alike(a, b, same):
    assert alike(a, b) is same


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(tmp_path / "work" / "progress.json"))
    return tmp_path / "work" / "progress.json"


def states(path):
    """Right or wrong, by exercise."""
    kept = json.loads(path.read_text())["exercises"]
    return {name: "right" if one["solved"] else "wrong" for name, one in kept.items()}


def test_progress_is_kept_and_right_stays_right(kept, capsys):
    check("00.1", "a")
    assert states(kept) == {"00.1": "wrong"}
    check("00.1", "b")
    check("00.1", "c")
    check("02.2", None)
    assert states(kept) == {"00.1": "right"}
    table = progress().table
    assert table.loc["00"].to_dict() == {
        "solved": 1, "tried": 1, "exercises": 3, "quiz": "", "predicted": 0, "predictions": 4,
    }  # fmt: skip
    assert table.loc["02", "solved"] == 0
    assert "✓ 00.1 right" in capsys.readouterr().out


def test_a_damaged_progress_file_stops_nothing(kept):
    kept.parent.mkdir()
    for damage in (b"{", b"[1]", b"7", b"\xff"):
        kept.write_bytes(damage)
        check("00.1", "b")
        assert states(kept) == {"00.1": "right"}


def test_a_wrong_answer_shows_closer_hints_and_does_not_stop_the_notebook(kept, capsys):
    wrong_answers = Counter()
    for _ in range(2):
        check("02.1", lambda x, y, test: np.full(len(test), 77), wrong_answers=wrong_answers)
    assert wrong_answers == {"02.1": 2}
    shown = capsys.readouterr().out
    assert ALL["02.1"].hints[0] in shown
    assert ALL["02.1"].hints[1] in shown


def test_under_nbgrader_a_wrong_and_an_open_answer_raise(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    check("00.1", "b")
    for answer in ("a", None):
        with pytest.raises(AssertionError, match=r"00\.1"):
            check("00.1", answer)


@pytest.mark.parametrize("answer", [np.array(["a", "b"]), pd.Series(["b"]), ["b"], 3, {"b"}])
def test_choice_refuses_what_is_no_letter(answer):
    choice = Choice("x", "good", ("a", "b", "c"), "b", {"a": "no", "c": "no"})
    verdict = choice.examine(answer)
    assert verdict.state == "wrong" and "one of the letters a, b, c" in verdict.message


@pytest.mark.parametrize("result", [{3, 2}, (3, {1}), (3 + 0j, 2), slice(3, 2), object()])
def test_a_result_that_cannot_be_read_is_not_said_to_vary(result):
    one = Function("x", praise="good", hints=("a", "b", "c"), reference=lambda: (3, 2))
    verdict = one.examine(lambda: result)
    assert verdict.state == "wrong" and "at every call" not in verdict.message


def test_gradients_that_an_answer_switches_off_are_on_again():
    def answer():
        torch.set_grad_enabled(False)
        return 1

    one = Function("x", praise="good", hints=("a", "b", "c"), reference=lambda: 2)
    assert one.examine(answer).state == "wrong" and torch.is_grad_enabled()


@pytest.mark.parametrize(
    "form", [" {} ", "({})", "{}.", "{})", "[{}]", "'{}'", "\n{}:\t", "**{}**"]
)
def test_choice_takes_capitals_spaces_and_signs_around_the_letter(form):
    choice = Choice("x", "good", ("a", "b", "c"), "b", {"a": "no"})
    for letter, verdict in {"b": ("right", "good"), "a": ("wrong", "no")}.items():
        assert choice.examine(form.format(letter)) == verdict
        assert choice.examine(form.format(letter.upper())) == verdict


@pytest.mark.parametrize("answer", ["", "()", "ab", "a b", "b or a", "not b", "b)a", "1", "."])
def test_choice_refuses_what_is_not_one_letter(answer):
    choice = Choice("x", "good", ("a", "b", "c"), "b", {"a": "no"})
    assert "one of the letters a, b in quotes" in choice.examine(answer).message
