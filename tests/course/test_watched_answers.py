"""Errors and changed arguments of a learner's function are told apart from a check's own faults."""

import random
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import jupytext
import numpy as np
import pandas as pd
import pytest
import torch
from answer_names import Names
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.course.answer_differences import difference
from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_book.in_turn import counted_as, in_turn, of_result, parts_of
from tlhelpers.course.exercise_kinds import Choice, Function, Number, alike, on_drawn, on_inputs
from tlhelpers.course.exercises import examine
from tlhelpers.course.other_process import results_elsewhere
from tlhelpers.course.watched_answer import Watched, listed
from tlhelpers.errors import repo_root

EXERCISES = exercises()


def function(reference=lambda x: x.mean(), observe=None, **parts):
    observe = observe or on_inputs((np.arange(4.0),), (np.arange(9.0),))
    return Function("x", "good", ("a", "b", "c"), reference, observe, **parts)


def test_the_learners_error_is_told_with_its_line():
    def answer(x):
        shifted = x - 1
        return shifted / nothing  # noqa: F821

    state, message = function().examine(answer)
    assert state == "wrong"
    assert message.startswith("Your function stopped with NameError: name 'nothing' is not defined")
    assert "It happened at: return shifted / nothing" in message


def test_an_error_of_the_check_is_not_told_as_the_learners():
    def observe(answer):
        return [int(answer(np.arange(3.0)))]

    state, message = function(observe=observe).examine(lambda x: "much")
    assert state == "wrong"
    assert "could not read what your function returned (ValueError: " in message
    assert "stopped" not in message


def test_an_error_while_a_generator_runs_is_the_learners():
    assert "ZeroDivisionError" in function().examine(lambda x: (1 / 0 for _ in x)).message


def test_leaving_python_is_told_and_an_interrupt_goes_through():
    def interrupt(x):
        raise KeyboardInterrupt

    assert "SystemExit" in function().examine(lambda x: exit()).message
    with pytest.raises(KeyboardInterrupt):
        function().examine(interrupt)


def test_another_number_of_arguments_is_told():
    assert "takes 0 positional arguments but 1 was given" in function().examine(lambda: 1).message


VALUES = st.one_of(
    st.lists(st.floats(allow_nan=True, width=32), min_size=1, max_size=5).map(np.array),
    st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=5).map(torch.tensor),
    st.dictionaries(st.sampled_from("abc"), st.floats(-9, 9), min_size=1),
    st.lists(st.floats(-9, 9), min_size=1, max_size=5).map(pd.Series),
    st.lists(st.lists(st.integers(), min_size=1), min_size=1).map(lambda rows: {"rows": rows}),
)


@given(VALUES)
@settings(max_examples=25, deadline=None)
def test_an_argument_that_is_only_read_counts_as_unchanged(value):
    watched = Watched(lambda given: len(given))
    watched(value)
    assert watched.changed == []


def change(value):
    """Something else in the first place, in place."""
    key = next(iter(value)) if isinstance(value, dict) else 0
    if isinstance(value[key], list):
        value[key].append(1)
    else:
        value[key] = value[key] + 1 if abs(value[key]) < 1e5 else 0.0


@given(VALUES)
@settings(max_examples=25, deadline=None)
def test_an_argument_that_is_changed_in_place_is_named(value):
    if not isinstance(value, dict) and not abs(float(value[0])) >= 0:  # not a number
        value[0] = 0.0
    watched = Watched(change)
    watched(value)
    assert watched.changed == ["value"]
    assert "`value` is no longer what it was" in watched.what_it_changed()


@pytest.mark.parametrize("old", [None, "a", b"a", True, 1.5, np.int64(2), float("nan")], ids=repr)
@pytest.mark.parametrize("new", [None, "b", 7, np.float32(9), np.arange(2)], ids=repr)
def test_an_item_that_is_replaced_in_a_list_is_seen_whatever_it_was(old, new):
    def replace(value):
        value[1] = new

    for holds in (lambda: [0, old], lambda: {0: 0, 1: old}):
        watched = Watched(replace)
        watched(holds())
        assert watched.changed == ([] if old is new else ["value"])


def test_two_arguments_that_are_changed_are_named_together():
    def swap(left, right):
        left[:], right[:] = right[:], left[:]

    watched = Watched(swap)
    watched([1], [2])
    assert "`left` and `right` are no longer what they were" in watched.what_it_changed()


def test_a_right_result_does_not_excuse_a_changed_argument():
    def answer(numbers):
        mean = numbers.mean()
        numbers -= mean
        return mean

    state, message = function().examine(answer)
    assert state == "wrong"
    assert "`numbers`" in message


def test_generators_and_their_like_are_listed():
    made = (range(2), map(str, [1]), (x for x in "ab"), {1: 2}.keys(), {1: 2}.values(), [iter("c")])
    assert listed(made) == ([0, 1], ["1"], ["a", "b"], [1], [2], [["c"]])
    with pytest.raises(ValueError, match="no end"):
        listed(iter(int, 1))


def test_what_a_function_prints_is_shown_for_its_first_calls_only(capsys):
    watched = Watched(print)
    for call in range(9):
        watched(call)
    assert capsys.readouterr().out == "0\n1\n2\n"


def test_drawn_arguments_are_new_for_each_seed_and_the_same_in_each_check():
    observe = on_drawn(lambda rng: {"here": (rng.random(3),), "there": (rng.random(5),)})
    seen = observe(lambda x: x)
    assert alike(seen, observe(lambda x: x))
    assert [len(values) for values in seen.values()] == [3, 3]
    assert len({values.tobytes() for values in seen["here"]}) == 3


@pytest.mark.parametrize(
    ("seen", "expected", "said"),
    [
        ([None], [1.0], "returned None"),
        ([np.zeros(3)], [1.0], "numbers of shape (3,), not one number"),
        ([np.zeros(3)], [np.zeros((3, 1))], "shape (3,), not numbers of shape (3, 1)"),
        (
            [(np.zeros(2), np.zeros(3))],
            [(np.zeros(2), np.zeros((3, 1)))],
            "In place 2 of 2, your function returned numbers of shape (3,), not",
        ),
        (["1"], [1.0], "a text, not one number"),
        ([True], [1.0], "True or False, not one number"),
        ([{"a": 1}], [1.0], "something else (dict), not one number"),
        ([[np.zeros(2)]], [(np.zeros(2), np.ones(3))], "not 2 arrays"),
        ([(np.zeros(2), np.ones(4))], [(np.zeros(2), np.ones(3))], "(4,), not numbers of shape"),
        ([0.33, 0.67], [1 / 3, 2 / 3], "rounded"),
        ([(np.array([0.33]), np.ones(2))], [(np.array([1 / 3]), np.ones(2))], "rounded"),
        ([0.4, 33.1], [0.004, 0.331], "percent"),
        ({"here": [1.0], "where n is 1": [2.0]}, {"here": [1.0], "where n is 1": [3.0]}, "n is 1"),
        ({"here": ["a"], "where": [None]}, {"here": ["a"], "where": ["b"]}, "None where"),
        ({"here": ["a"], "there": ["a"]}, {"here": ["a"], "there": [None]}, "None is asked for"),
        ([0.5], [0.7], ""),
        ({"here": [1.0], "there": [2.0]}, {"here": [2.0], "there": [3.0]}, ""),
    ],
)
def test_what_can_be_said_of_results_without_knowing_the_exercise(seen, expected, said):
    message = difference(seen, expected, alike)
    assert said in message
    assert bool(said) == bool(message)


def test_another_process_has_another_order_of_sets_and_tells_what_it_cannot_do():
    names = [f"name {i}" for i in range(30)]
    chatty = results_elsewhere(lambda items: print("x" * 99_999) or list(set(items)), [(names,)])
    assert sorted(chatty[0]) == sorted(names)
    assert chatty[0] != list(set(names))
    lock = __import__("threading").Lock()
    assert results_elsewhere(lambda: lock, [()]) is None
    assert results_elsewhere(lambda: 1 / 0, [()]) is None


def states() -> tuple:
    numbers = np.random.get_state()  # noqa: NPY002
    return random.getstate(), numbers[1].tolist(), numbers[2], torch.get_rng_state().tolist()


def test_no_check_moves_the_notebooks_random_numbers():
    before = states()
    for name, exercise in EXERCISES.items():
        if name != "01.2":  # it starts a process, which is slow and has random numbers of its own
            examine(name, exercise.right_answers()[0])
            examine(name, exercise.wrong_answers()[0][0])
    assert states() == before


def choices() -> dict[str, list[str]]:
    """The options of every exercise that has some, as the lessons list them."""
    found = {}
    for source in sorted((repo_root() / "notebooks" / "source").glob("*.py")):
        for cell in jupytext.read(source).cells:
            exercise = re.search(r"### Exercise (\d\d\.\d)", cell.source)
            options = re.findall(r'^- `"[a-z]"`: (.*(?:\n  .*)*)', cell.source, re.M)
            if exercise and options:
                found[exercise[1]] = options
    return found


def test_every_choice_lists_the_letters_that_its_check_knows():
    listed_options = {name: len(options) for name, options in choices().items()}
    known = {n: 1 + len(e.why_not) for n, e in exercises().items() if isinstance(e, Choice)}
    assert listed_options == known


def test_the_length_of_an_option_tells_nothing():
    longest_is_right, shortest_is_right = [], []
    for name, options in choices().items():
        lengths = [len(option) for option in options]
        assert max(lengths) <= 1.25 * min(lengths), name
        right = lengths["abcd".index(EXERCISES[name].right)]
        longest_is_right.append(right == max(lengths))
        shortest_is_right.append(right == min(lengths))
    assert len(longest_is_right) >= 17
    for found in (longest_is_right, shortest_is_right):
        assert sum(found) <= len(found) / 4  # what chance would give


def test_right_letters_are_spread_over_the_course():
    letters = Counter(e.right for e in exercises().values() if isinstance(e, Choice))
    n = letters.total()
    assert set(letters) == set("abcd")
    assert min(letters.values()) >= n // 4 - 1
    assert max(letters.values()) <= n // 4 + 2


def names_bound_in(lesson: str) -> set[str]:
    """What the cells of a lesson import or define, with its solutions left out."""
    (source,) = (repo_root() / "notebooks" / "source").glob(f"{lesson}_*.py")
    names = set()
    for cell in jupytext.read(source).cells:
        if cell.cell_type == "code" and "BEGIN SOLUTION" not in cell.source:
            names |= Names.of(cell.source).bound
    return names


@pytest.mark.parametrize("lesson", sorted({name[:2] for name in EXERCISES}))
def test_a_hint_asks_for_help_on_names_that_the_lesson_has(lesson):
    bound = names_bound_in(lesson)
    for name, exercise in exercises(lesson).items():
        said = [*exercise.hints, *(hint for _, hint in exercise.wrong_answers())]
        asked = set(re.findall(r"help\((\w+)", " ".join(said)))
        assert asked <= bound, name


STRANGE = {
    "a dict": dict,
    "a dict by text": lambda: {"mean": 1.0, "variance": np.ones(2)},
    "an object": object,
    "lists of unequal length": lambda: [[1], [2, 3]],
    "a set": lambda: {1, 2},
    "a complex number": lambda: 1j,
    "None in a list": lambda: [None, None],
    "a sparse tensor": lambda: torch.eye(3).to_sparse(),
    "objects in an array": lambda: np.array([None, "a"], dtype=object),
    "a frame of texts": lambda: pd.DataFrame({"a": ["x", None]}),
    "arrays of unequal length": lambda: (np.zeros(3), np.zeros(2)),
    "a huge whole number": lambda: 10**400,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [n for n, e in EXERCISES.items() if isinstance(e, Function)])
def test_a_strange_result_is_told_as_such_and_never_as_an_error_of_the_learner(name):
    for kind, make in STRANGE.items():
        state, message = examine(name, lambda *given, make=make: make())
        assert state == "wrong", kind
        assert message, kind
        assert "stopped" not in message, kind


@pytest.mark.parametrize(
    "right",
    [np.array([0.5]), np.array([[0.5]]), torch.tensor([0.5]), Fraction(1, 2), "0.5"],
    ids=str,
)
def test_a_number_counts_in_any_form(right):
    number = Number("x", "good", ("a", "b", "c"), 0.5, 0.01)
    assert number.examine(right) == ("right", "good")
    assert number.examine(np.array([0.5, 1.0])).state == "wrong"


@pytest.mark.parametrize("half", [Fraction(1, 2), Decimal("0.5"), np.float16(0.5)], ids=str)
def test_fractions_and_decimals_are_numbers(half):
    assert alike(half, 0.5)
    assert not alike(half, 0.25)
    assert difference([half], [0.25], alike) == ""


def test_what_a_mistake_gives_is_kept_but_a_learners_function_runs_each_time():
    calls = []

    def mistake(x):
        calls.append(x)
        return x.sum()

    exercise = function(mistakes=[(mistake, "That is the sum.")])
    for _ in range(3):
        assert exercise.examine(lambda x: x.sum()).message == "That is the sum."
    assert len(calls) == 2  # once for each input
    assert exercise.examine(mistake).message == "That is the sum."
    assert len(calls) > 2


def test_hard_situations_wait_until_the_plain_ones_are_right():
    looks = [on_drawn(lambda rng, n=n: {f"n is {n}": (np.arange(n),)}, seeds=(1,)) for n in (3, 0)]
    observe = in_turn(lambda x: x.sum(), *looks)
    assert observe(lambda x: x.sum()) == {"n is 3": [3], "n is 0": [0]}
    assert observe(lambda x: x[0]) == {"n is 3": [0]}
    forgiving = in_turn(lambda x: x.sum(), looks[0], counted_as(np.nan, IndexError, looks[1]))
    seen = forgiving(lambda x: x[-1] + x[0] + 1)
    assert seen["n is 3"] == [3]
    assert np.isnan(seen["n is 0"][0])
    assert of_result(parts_of, looks[0])(lambda x: np.eye(2))["n is 3"][0][1].tolist() == [0, 1]
