"""Variants by seed: their solutions pass, open ones do not, and a judge outside sees it."""

import re
import threading

import nbformat
import numpy as np
import pytest
import torch

from tlhelpers.course import contents, exercise_kinds
from tlhelpers.course.exercise_book import exercises, lesson_01_split
from tlhelpers.course.exercise_kinds import Choice, Function, Number
from tlhelpers.course.grading import variant_table, wire
from tlhelpers.course.grading.checking import _called
from tlhelpers.course.grading.judge import INSIDE, Elsewhere, Judge
from tlhelpers.course.grading.number_ways import DRAWS
from tlhelpers.course.grading.sheet import assignment_notebook, exercise_of
from tlhelpers.course.grading.variants import (
    AS_IN_THE_COURSE,
    OPTION,
    WAYS,
    Texts,
    for_marks,
    texts,
    variant,
    what_varies,
)
from tlhelpers.course.grading.ways import edited
from tlhelpers.course.watched_answer import Watched
from tlhelpers.errors import CourseError, repo_root

SEEDS = range(60)
ALL = exercises()
PROJECTS = {lesson.number for lesson in contents.COURSE if lesson.is_project}
# An interval takes as long as a lesson's; one of its variants is as good as three.
SLOW = {"02.7"}


class AtOnce:
    """A connection to a learner's process that is this very one."""

    def __init__(self, function):
        self.watched = Watched(function)

    def send_bytes(self, message):
        self.reply = _called(self.watched, wire.unpack(message)["call"])

    def recv_bytes(self, most):
        return self.reply


def course_cells():
    """By exercise, its two cells in the course and the name of what is checked; and the imports."""
    found, imports = {}, {}
    for lesson in sorted({name[:2] for name in ALL} - PROJECTS):
        cells = assignment_notebook(lesson, None).cells
        imports[lesson] = cells[1].source
        for question, answer, check in zip(cells, cells[1:], cells[2:], strict=False):
            if name := exercise_of(check):
                checked = re.search(r'check\("[^"]+", (\w+)\)', check.source)[1]
                found[name] = (Texts(question.source, answer.source), checked)
    return found, imports


COURSE, IMPORTS = course_cells()


def answer_of(exercise_id, code):
    names = {"__name__": "__main__"}
    exec(f"{IMPORTS[exercise_id[:2]]}\n{code}", names)
    return names[COURSE[exercise_id][1]]


def first_seeds(exercise_id):
    """A seed for each variant that there is."""
    found = {}
    for seed in SEEDS:
        found.setdefault(texts(exercise_id, seed, COURSE[exercise_id][0]).answer, seed)
    return list(found.values())


VARIED = [
    (name, seed) for name in WAYS for seed in first_seeds(name)[: 1 if name in SLOW else None]
]


def test_each_variant_of_a_function_is_drawn_by_some_seed():
    for name, ways in WAYS.items():
        assert len(first_seeds(name)) == len(ways) >= 2, name
        assert len({way.what for way in ways}) == len(ways)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "seed"), VARIED, ids=[f"{n}-{s}" for n, s in VARIED])
def test_the_variants_solution_passes_and_the_open_one_is_named(name, seed, monkeypatch):
    monkeypatch.setattr(lesson_01_split, "results_elsewhere", lambda *given: None)
    exercise = for_marks(variant(name, seed))
    own = answer_of(name, texts(name, seed, COURSE[name][0]).answer)
    answer = own if name in INSIDE else Elsewhere(AtOnce(own))
    assert exercise.examine(answer) == ("right", ALL[name].praise)
    published = answer_of(name, COURSE[name][0].answer)
    assert exercise.examine(published) == ("wrong", AS_IN_THE_COURSE)


def test_what_is_judged_inside_is_what_cannot_go_as_plain_data():
    """The others are judged from outside in the test before."""
    for name in set(INSIDE) & set(ALL):
        verdict = for_marks(ALL[name]).examine(Elsewhere(AtOnce(ALL[name].reference)))
        assert verdict.state == "wrong", f"{name} can be judged outside"


@pytest.mark.parametrize("name", [n for n, one in ALL.items() if isinstance(one, Choice)])
def test_letters_move_with_their_sentences_and_the_open_letter_is_wrong(name):
    course = COURSE[name][0]
    options = dict(zip(*[iter(OPTION.split(course.question)[1:])] * 2, strict=True))
    rights = set()
    for seed in range(10):
        new, exercise = texts(name, seed, course), variant(name, seed)
        there = dict(zip(*[iter(OPTION.split(new.question)[1:])] * 2, strict=True))
        assert there[exercise.right].strip() == options[ALL[name].right].strip()
        assert sorted(map(str.strip, there.values())) == sorted(map(str.strip, options.values()))
        assert answer_of(name, new.answer) == exercise.right != ALL[name].right
        assert exercise.examine(ALL[name].right).state == "wrong"
        rights.add(exercise.right)
    assert len(rights) > 1


@pytest.mark.parametrize("name", DRAWS)
def test_numbers_differ_and_the_open_number_is_named(name):
    values = set()
    for seed in range(6):
        exercise = variant(name, seed)
        solution = answer_of(name, texts(name, seed, COURSE[name][0]).answer)
        assert exercise.examine(solution).state == "right"
        assert exercise.examine(ALL[name].value) == ("wrong", AS_IN_THE_COURSE)
        values.add(exercise.value)
    assert len(values) > 2
    assert abs(min(values) - ALL[name].value) > 2 * ALL[name].tolerance


def test_every_exercise_of_a_lesson_that_has_variants_has_one():
    """New lessons may come without; then the teacher's page says so."""
    lessons = {name[:2] for name in WAYS}
    kinds = (Choice, Number, Function)
    missing = [
        n
        for n, one in ALL.items()
        if n[:2] in lessons and not what_varies(n) and isinstance(one, kinds)
    ]
    assert missing == []
    assert len(WAYS) >= 48 and len(DRAWS) >= 5


def test_the_teachers_page_is_current():
    assert variant_table.path().read_text("utf-8") == variant_table.page()


def test_one_seed_is_one_notebook_and_another_seed_another_one():
    once, again, other = (nbformat.writes(assignment_notebook("00", seed)) for seed in (7, 7, 8))
    assert once == again != other
    # The same on every machine: the draw must not depend on the process.
    assert variant("00.1", 7).right + variant("00.3", 7).right == "ad"


def test_without_a_seed_the_whole_lesson_is_the_course_with_other_checks():
    whole = assignment_notebook("00", None, whole=True).cells[1:]
    course = nbformat.read(repo_root() / "notebooks" / "solutions" / "00_start_here.ipynb", 4).cells
    assert len(whole) == len(course) > 20
    for made, cell in zip(whole, course, strict=True):
        if exercise_of(made):
            assert made.source.endswith(cell.source)
        elif cell.cell_type == "code":
            assert made.source == cell.source
        else:
            assert not re.search(r"\]\((?!https?:|#)", made.source)


def test_a_text_that_no_longer_holds_what_a_variant_replaces_is_told():
    with pytest.raises(CourseError, match=r"02\.1 no longer holds “largest”"):
        edited("the smallest", (("largest", "second largest"),), "02.1")


# ---------------------------------------------------------------- plain data and the judge


@pytest.mark.parametrize(
    "value",
    [
        None, ..., True, 3, -0.1, np.inf, "é", [1, (2.5, "a")], {1: [2]}, {"a", "b"}, (),
        np.arange(6.0).reshape(2, 3), np.array(["a", "bc"]), np.array([True]), np.float32(0.1),
        np.int64(4), torch.arange(3), torch.ones(2, 2), np.zeros((0, 3)),
    ],
    ids=lambda value: type(value).__name__,  # the order of a set is another in each process
)  # fmt: skip
def test_plain_data_comes_back_as_it_was(value):
    back = wire.unpack(wire.pack(value))
    assert type(back) is type(value) or isinstance(value, np.floating)
    assert exercise_kinds.alike(back, value) or value in (..., {"a", "b"})
    if isinstance(value, (np.ndarray, torch.Tensor)):
        assert back.dtype == value.dtype


@pytest.mark.parametrize(
    "value", [object(), torch.nn.Linear(1, 1), 1j, np.array([object()]), print]
)
def test_what_is_no_plain_data_does_not_go(value):
    with pytest.raises(wire.NotPlainError):
        wire.pack(value)
    assert isinstance(wire.unpack(wire.pack(value, strict=False)), wire.Other)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"{", b"\x80\x04N.", b"1.5", b'{"unknown": 1}', b'{"array": 1}', b"{}", b'{"list": 7}',
        b'{"array": {"dtype": "O", "shape": [1], "data": "AAAAAAAAAAA="}}',
        b'{"array": {"dtype": "<f8", "shape": [9999999999], "data": ""}}',
        b'{"list": ' * 5000 + b"[]" + b"}" * 5000,
        b'{"dict": [[{"list": []}, 1]]}',
    ],
)  # fmt: skip
def test_a_message_that_is_none_is_refused(message):
    with pytest.raises(ValueError):
        wire.unpack(message)


def test_the_judge_takes_the_first_answer_to_what_it_expects_and_no_other(monkeypatch):
    from tlhelpers.course.grading import checking

    with Judge(lambda name: variant(name, 7)) as judge:
        for name, value in judge.variables.items():
            monkeypatch.setenv(name, value)
        assert checking._ask_judge("00.1", "b", None) is None
        judge.expect("00.1")
        with pytest.raises(AssertionError):
            checking.check(
                "00.1", "b", seed=None
            )  # right in the course; the judge has its own seed
        assert checking._ask_judge("00.1", "a", 7) is None
        judge.expect("00.3")
        checking.check("00.3", "d", seed=7)
    states = {name: ruling.verdict.state for name, ruling in judge.rulings.items()}
    assert states == {"00.1": "wrong", "00.3": "right"}


@pytest.mark.parametrize("ended", [False, True], ids=["it waits", "it has ended"])
def test_a_judge_ends_whether_or_not_it_still_waits(ended):
    judge = Judge(lambda name: variant(name, 7)).__enter__()
    if ended:  # as when the end comes between the last answer and the next wait
        judge._done = True
        judge._come()
        judge._thread.join(60)
    over = threading.Thread(target=judge.__exit__, daemon=True)
    over.start()
    over.join(60)
    assert not over.is_alive() and not judge._thread.is_alive()


def test_a_function_that_stops_and_one_that_changes_its_arguments_are_told_so(monkeypatch):
    from tlhelpers.course.grading import checking

    def changes(before, after, trained):
        trained.clear()
        return ALL["09.6"].reference(before, after, list(trained))

    def stops(train, test):
        raise MemoryError

    with Judge(lambda name: ALL[name]) as judge:
        for name, value in judge.variables.items():
            monkeypatch.setenv(name, value)
        for name, answer in (("00.2", stops), ("09.6", changes)):
            judge.expect(name)
            with pytest.raises(AssertionError):
                checking.check(name, answer)
    assert judge.rulings["00.2"].error == "MemoryError"
    assert judge.rulings["09.6"].verdict.state == "wrong"


def test_at_home_a_letter_is_taken_and_a_function_gets_its_hint(capsys):
    from tlhelpers.course.grading import checking

    for letter in "abcd":
        checking.check("00.1", letter, seed=7)
    checking.check("00.1", "nothing", seed=7)
    checking.check("00.2", ALL["00.2"].reference, seed=7)
    checking.check("P.1", 3)
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told[:4]] == ["• 00.1 taken"] * 4
    assert len(set(told[:4])) == 1
    assert "Answer with one of the letters" in told[4]
    assert AS_IN_THE_COURSE in told[5] and told[6] == f"• P.1 taken: {checking.TAKEN}"
