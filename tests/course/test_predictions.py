"""Predictions: kept at once, shown beside what came out, and nothing in a lesson hangs on them."""

import json
import math
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tiny_faults import with_mounts

from tlhelpers.course import prediction_records, predictions, progress
from tlhelpers.course.prediction_form import PredictionForm
from tlhelpers.course.prediction_kinds import UNRESOLVED, Amount, Better, OneOf, Sentence
from tlhelpers.course.predictions import record_prediction, show_outcome
from tlhelpers.course.progress_file import read_progress
from tlhelpers.errors import repo_root
from tlhelpers.evaluation.comparisons import Comparison
from tlhelpers.setup import progress_store

FEW, MUCH = "So few labels say little.", "So much comes from the photographs."
POOL = {
    "99.share": Amount("share", "What share is right?", too_high=FEW, too_low=MUCH),
    "99.gain": Amount("gain", "By how much?", unit="points", low=-30, high=30),
    "99.best": OneOf(
        "best", "Which one?", {"a": "the first", "b": "the second"}, {"b": "Section 3 tells why."}
    ),
    "99.rivals": Better("rivals", "Which is better?", pair={"x": "pixels", "f": "features"}),
    "99.words": Sentence("words", "What will it look like?"),
}
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """A progress file of its own, and questions that no lesson has."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(path))
    monkeypatch.setattr(predictions, "question", POOL.__getitem__)
    monkeypatch.setattr(prediction_records, "REMEMBERED", {})
    return path


def entry(name):
    return read_progress().predictions[f"99.{name}"]


def told(capsys):
    return capsys.readouterr().out.strip()


# ---------------------------------------------------------------- what may be predicted


@pytest.mark.parametrize(
    ("name", "answer", "value"),
    [
        ("share", 46, 46.0), ("share", " 46 % ", 46.0), ("share", "46,5", 46.5), ("share", 0, 0.0),
        ("share", "46.5%", 46.5), ("gain", "−3", -3.0), ("gain", "+4 points", 4.0),
        ("best", "a", "a"), ("best", "the second", "b"), ("rivals", UNRESOLVED, UNRESOLVED),
        ("words", "  two \n heaps ", "two heaps"),
    ],
)  # fmt: skip
def test_an_answer_may_be_written_in_several_ways(name, answer, value):
    record_prediction(f"99.{name}", answer)
    assert entry(name)["given"] == value and entry(name)["later"] is None


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("share", 101, "a number from 0 to 100, in %"), ("share", -1, "from 0 to 100"),
        ("share", math.nan, "from 0 to 100"), ("share", "nan", "from 0 to 100"),
        ("share", math.inf, "from 0 to 100"), ("share", "1e1", "from 0 to 100"),
        ("share", "1_0", "from 0 to 100"), ("share", "٣", "from 0 to 100"),
        ("share", True, "from 0 to 100"), ("share", "half", "from 0 to 100"),
        ("share", "0.46", "write it in %: 46 in place of 0.46"),
        ("gain", 31, "a number from −30 to 30, in points"),
        ("best", "c", '"a", "b"'), ("best", 1, '"a", "b"'), ("best", ["a"], '"a", "b"'),
        ("words", " ", "a sentence of at most 200"), ("words", "x" * 201, "at most 200"),
        ("words", 3, "a sentence"), ("words", "bell\x07", "a sentence"),
    ],
)  # fmt: skip
def test_what_is_no_prediction_is_one_error_and_keeps_nothing(name, answer, told, kept):
    with pytest.raises(ValueError, match=told.replace("?", r"\?")):
        record_prediction(f"99.{name}", answer)
    assert not kept.exists()


def test_an_unknown_id_lists_near_ones(monkeypatch):
    monkeypatch.setattr(predictions, "question", prediction_records.question)
    for ask in (record_prediction, show_outcome):
        with pytest.raises(ValueError, match=r"'00\.rival': did you mean 00\.rivals"):
            ask("00.rival")
        with pytest.raises(ValueError, match="prediction"):
            ask(None)


numbers = some.floats(allow_nan=True, allow_infinity=True) | some.integers()


@settings(max_examples=200, deadline=None)
@given(numbers)
def test_of_all_numbers_only_those_in_the_range_are_read(number):
    asked = POOL["99.gain"]
    if -30 <= number <= 30:  # which no NaN is
        assert asked.read(number) == number
    else:
        with pytest.raises(ValueError, match="from −30 to 30, in points"):
            asked.read(number)


# ---------------------------------------------------------------- what came out


@pytest.mark.parametrize(
    ("guess", "measured", "sentence"),
    [
        (46, (0.5, 0.44, 0.56), "They are 4 points apart; the interval, 44 to 56 %, holds your"),
        (
            40,
            (0.5, 0.44, 0.56),
            "10 points apart; the interval, 44 to 56 %, does not hold your pre",
        ),
        (44, (0.5, 0.44, 0.56), "holds your prediction."),
        (51, (0.5,), "They are 1 point apart."),
        (50, (0.5012,), "They are 0.1 points apart."),
    ],
)
def test_a_number_stands_beside_its_measurement_and_the_interval(guess, measured, sentence, capsys):
    record_prediction("99.share", guess)
    show_outcome("99.share", *measured)
    shown = told(capsys).splitlines()[-1]
    assert f"You predicted: {guess} %. It came out: 50 %." in shown and sentence in shown


@pytest.mark.parametrize(("guess", "lesson"), [(60, FEW), (40, MUCH), (55, ""), (45, "")], ids=str)
def test_a_surprise_of_more_than_five_points_says_what_it_teaches(guess, lesson, capsys):
    record_prediction("99.share", guess)
    show_outcome("99.share", 0.5)
    assert told(capsys).endswith(lesson or "They are 5 points apart.")


def comparison(difference, low, high, a="f", b="x"):
    return Comparison(a, b, difference, low, high, 0.05, 10, 100)


@pytest.mark.parametrize(
    ("measured", "key"),
    [
        (comparison(0.1, 0.02, 0.2), "f"), (comparison(-0.1, -0.2, -0.02), "x"),
        (comparison(0.1, 0.02, 0.2, "x", "f"), "x"), (comparison(0.1, -0.02, 0.2), UNRESOLVED),
        (comparison(-0.1, -0.2, 0), UNRESOLVED),
    ],
)  # fmt: skip
def test_a_comparison_says_which_choice_came_out(measured, key):
    show_outcome("99.rivals", measured)
    assert entry("rivals")["outcome"] == key


ends = some.floats(-1, 1)


@settings(max_examples=200, deadline=None)
@given(some.lists(ends, min_size=3, max_size=3).map(sorted))
def test_whatever_a_comparison_comes_to_is_among_the_choices(values):
    low, difference, high = values
    came_out = POOL["99.rivals"].outcome(comparison(difference, low, high))
    right = "f" if low > 0 else "x" if high < 0 else UNRESOLVED
    assert came_out.value == right and right in POOL["99.rivals"].options


def test_a_difference_is_told_in_points_with_its_sign(capsys):
    record_prediction("99.gain", 4)
    show_outcome("99.gain", comparison(0.071, 0.042, 0.1))
    shown = told(capsys).splitlines()[-1]
    assert "You predicted: +4 points. It came out: +7.1 points." in shown
    assert "They are 3.1 points apart; the interval, +4.2 to +10 points, does not hold" in shown


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("share", ("half",)), ("share", (math.nan,)), ("share", (0.5, 0.4)), ("share", ()),
        ("share", (0.5, 0.6, 0.4)), ("share", (0.5, math.nan, 0.6)), ("best", ("c",)),
        ("best", (0.5,)), ("best", ("a", 0.1, 0.2)), ("rivals", ("f",)),
        ("rivals", (comparison(0, 0, 0, "f", "other"),)), ("words", (3,)),
    ],
    ids=str,
)  # fmt: skip
def test_an_outcome_that_cannot_be_is_an_error_of_the_lesson(name, measured, kept):
    with pytest.raises(ValueError, match=f"^{name}: "):
        show_outcome(f"99.{name}", *measured)
    assert not kept.exists()


def test_a_choice_that_came_out_otherwise_gets_its_sentence(capsys):
    record_prediction("99.best", "a")
    show_outcome("99.best", "b")
    assert told(capsys).endswith(
        "It came out: the second. Something else came out. Section 3 tells why."
    )
    show_outcome("99.best", "a")
    assert told(capsys).endswith("It came out: the first. It came out as you predicted.")
    assert entry("best")["outcome"] == "b", "the first outcome is kept"


def test_a_sentence_stands_beside_words_or_the_cell(capsys):
    record_prediction("99.words", "two heaps")
    show_outcome("99.words")
    assert told(capsys).endswith("You predicted: two heaps. Hold it against what this cell shows.")
    show_outcome("99.words", "three heaps")
    assert "You predicted: two heaps. It came out: three heaps." in told(capsys)


# ---------------------------------------------------------------- when it was predicted


def test_a_prediction_may_change_until_the_outcome_is_shown_and_is_marked_from_then_on(capsys):
    for guess in (30, 40):
        record_prediction("99.share", guess)
    show_outcome("99.share", 0.5)
    told(capsys)
    record_prediction("99.share", 50)
    assert "predicted after the outcome had been shown, so it is not counted" in told(capsys)
    record_prediction("99.share", 40)
    assert (entry("share")["given"], entry("share")["later"]) == (40.0, 50.0), "the mark stays"
    show_outcome("99.share", 0.5)
    shown = told(capsys).splitlines()[-1]
    assert "You predicted: 40 %. You wrote afterwards: 50 %. It came out: 50 %." in shown
    assert "They are 10 points apart." in shown


def test_without_a_prediction_both_calls_say_so_and_a_late_one_does_not_count(capsys):
    record_prediction("99.best")
    shown = told(capsys)
    assert "Which one?" in shown and "the first" in shown and "No prediction was recorded" in shown
    assert 'record_prediction("99.best", "a")' in shown
    show_outcome("99.best", "b")
    assert "It came out: the second. No prediction was recorded before" in told(capsys)
    record_prediction("99.best", "b")
    assert (entry("best")["given"], entry("best")["later"]) == (None, "b")
    assert "were made" not in repr(progress()) and "Predictions made" not in repr(progress())


@pytest.mark.parametrize("setting", ["off", "newer", "closed", "folder"])
def test_where_nothing_can_be_kept_both_are_shown_all_the_same(setting, kept, monkeypatch, capsys):
    if setting == "off":
        monkeypatch.setenv("TLHELPERS_PROGRESS", "off")
    elif setting == "newer":
        kept.write_text('{"format": 9}')
    elif setting == "folder":
        kept.mkdir()
    else:
        monkeypatch.setenv("TLHELPERS_PROGRESS", str(kept / "below" / "progress.json"))
        kept.write_text("a file where a folder should be")
    record_prediction("99.share", 40)
    show_outcome("99.share", 0.5)
    record_prediction("99.share", 50)
    show_outcome("99.share", 0.5)
    shown = told(capsys)
    assert "You predicted: 40 %. It came out: 50 %. They are 10 points apart." in shown
    assert "You wrote afterwards: 50 %." in shown
    assert ("could not be kept" in shown) == (setting != "off")


def test_a_damaged_file_stops_nothing_and_is_put_aside(kept, capsys):
    kept.write_bytes(b'{"format": 3, "predic')
    record_prediction("99.share", 40)
    assert "progress-damaged.json" in told(capsys)
    assert entry("share")["given"] == 40.0


def test_an_entry_of_another_kind_from_an_older_lesson_counts_as_none(capsys):
    record_prediction("99.best", "a")
    POOL_NOW = {**POOL, "99.best": Sentence("best", "What?")}
    asked = POOL_NOW["99.best"]
    assert prediction_records.entry_of("99.best", asked)["given"] is None
    assert prediction_records.keep_prediction("99.best", asked, "in words") == ""
    assert entry("best") == prediction_records.entry_of("99.best", asked)
    assert entry("best")["given"] == "in words"


NOT_SHOWN = ["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"]  # controls and what is not assigned
LETTERS = some.characters(exclude_categories=NOT_SHOWN)
values = {
    "99.share": some.floats(1, 100),
    "99.best": some.sampled_from(["a", "b"]),
    "99.words": some.text(LETTERS, min_size=1, max_size=150).filter(str.strip),
}
steps = some.sampled_from(list(values)).flatmap(
    lambda name: some.tuples(some.just(name), some.none() | values[name])
)
OUTCOMES = {"99.share": 0.5, "99.best": "b", "99.words": None}


@settings(max_examples=30, deadline=None)
@given(some.lists(steps, max_size=12))
def test_in_any_order_the_last_prediction_before_the_first_outcome_counts(tmp_path_factory, made):
    """A step is a prediction, or, where it is None, the outcome."""
    path = tmp_path_factory.mktemp("any") / "p.json"
    expected = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLHELPERS_PROGRESS", str(path))
        for name, value in made:
            given, shown, later = expected.get(name, (None, False, None))
            if value is None:
                show_outcome(name, OUTCOMES[name])
                expected[name] = (given, True, later)
                continue
            record_prediction(name, value)
            value = " ".join(value.split()) if isinstance(value, str) else value
            late = value if shown and value != given else later
            expected[name] = (given, shown, late) if shown else (value, False, None)
        stored = progress_store.read(path)
    found = {n: (e["given"], e["shown"], e["later"]) for n, e in stored.predictions.items()}
    assert found == expected and not stored.damage and not stored.edited


BOTH = """
import sys
sys.path.insert(0, {root!r})
from tlhelpers.course import record_prediction, show_outcome
print("ready", flush=True)
input()
name, mine = sys.argv[1:]
for i in range(15):
    record_prediction("00.first", i + 1)
    record_prediction(name, mine)
    show_outcome("00.mistakes")
"""


def test_two_notebooks_at_once_lose_nothing_of_each_other(kept):
    code = BOTH.format(root=str(repo_root()))
    asked = {"00.rivals": "raw pixels", "00.step": "in even steps"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *one],
            env=os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for one in asked.items()
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    stored = read_progress()
    assert not stored.damage and not stored.edited
    given = {name: one["given"] for name, one in stored.predictions.items()}
    assert given == {"00.first": 15.0, "00.mistakes": None, **asked}


CLOSED = """
cd "$FOLDER"
mkdir closed
closed "$FOLDER/closed"
"$PYTHON" -c "$CODE"
"""
CODE = f"""
import os, sys
sys.path.insert(0, {str(repo_root())!r})
from tlhelpers.course import record_prediction, show_outcome
os.environ["TLHELPERS_PROGRESS"] = "closed/progress.json"
record_prediction("00.first", 40)
show_outcome("00.first", 0.5)
"""


def test_on_a_read_only_disk_both_are_shown_and_the_reason_told(tmp_path):
    done = with_mounts(CLOSED, CODE=CODE, FOLDER=str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Your prediction 00.first: 40 %."
    assert "closed (Read-only file system): make it writable" in lines[1]
    assert "You predicted: 40 %. It came out: 50 %. They are 10 points apart." in lines[2]


# ---------------------------------------------------------------- how good they were


def test_the_table_and_the_command_tell_how_many_were_made_and_how_good(kept):
    for name, guess, measured in (
        ("share", 40, (0.5, 0.44, 0.56)), ("gain", 4, (comparison(0.06, 0.03, 0.09),)),
        ("best", "a", ("b",)), ("rivals", "f", (comparison(0.1, 0.02, 0.2),)),
        ("words", "two heaps", ()),
    ):  # fmt: skip
        record_prediction(f"99.{name}", guess)
        show_outcome(f"99.{name}", *measured)
    sentences = (
        "Predictions made before the outcome was shown: 5. Choices that came out so: 1 of 2. "
        "Mean distance of 2 numbers: 6.0 points. Intervals that hold the prediction: 1 of 2."
    )
    assert sentences in repr(progress()).splitlines()
    assert f"<p>{sentences}</p>" in progress()._repr_html_()
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tlhelpers", "progress"],
        cwd=repo_root(),
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert sentences in done.stdout.splitlines()


def test_a_lesson_row_counts_what_its_notebook_asks_for(kept):
    def fill(content):
        kinds = {
            "00.first": ("number", 40.0),
            "00.rivals": ("choice", None),
            "00.gone": ("choice", "a"),
        }
        for name, (kind, value) in kinds.items():
            nothing = dict.fromkeys(("later", "outcome", "interval"))
            content["predictions"][name] = {"kind": kind, "given": value, "shown": True, **nothing}
        return True

    progress_store.change(kept, fill)
    row = progress().table.loc["00"]
    assert (row["predicted"], row["predictions"]) == (1, 4)
    assert "<td>1 of 4</td>" in progress()._repr_html_()


# ---------------------------------------------------------------- the form


def form(name):
    return PredictionForm(f"99.{name}", POOL[f"99.{name}"])


@pytest.mark.parametrize(
    ("name", "field", "value", "given"),
    [
        ("share", "Text", "46 %", 46.0),
        ("best", "RadioButtons", "b", "b"),
        ("words", "Text", "two heaps", "two heaps"),
    ],
)
def test_a_form_keeps_at_once_and_another_one_brings_it_back(name, field, value, given):
    shown = form(name)
    assert type(shown.field).__name__ == field and shown.said.value == ""
    shown.field.value = value
    assert entry(name)["given"] == given
    assert 'role="status"' in shown.said.value and "You predict: " in shown.said.value
    again = form(name)
    assert again.field.value == (value if field != "Text" else str(value).removesuffix(" %"))
    assert again.said.value == shown.said.value


def test_a_form_says_how_to_answer_and_marks_what_comes_late():
    shown = form("share")
    shown.field.value = "lots"
    assert "Not kept: predict with a number from 0 to 100, in %" in shown.said.value
    shown.field.value = ""
    shown.field.value = "40"
    show_outcome("99.share", 0.5)
    shown.field.value = "50"
    assert "Noted as written after the outcome. Before: 40 %." in shown.said.value
    assert form("share").field.value == "50" and entry("share")["given"] == 40.0


def test_a_form_that_cannot_keep_says_so(kept):
    kept.write_text('{"format": 9}')
    shown = form("best")
    shown.field.value = "a"
    assert "You predict: the first. Your progress could not be kept" in shown.said.value
    assert form("best").field.value == "a", "while the notebook runs"


def test_a_choice_that_is_no_longer_asked_is_left_out(monkeypatch):
    record_prediction("99.best", "a")
    less = OneOf("best", "Which one?", {"b": "the second", "c": "the third"})
    shown = PredictionForm("99.best", less)
    assert shown.field.value is None and shown.said.value == ""


def test_many_choices_are_a_list_to_open():
    options = {f"k{i}": f"class {i}" for i in range(9)}
    shown = PredictionForm("99.many", OneOf("many", "Which class?", options))
    assert type(shown.field).__name__ == "Dropdown" and shown.field.value == ""
    assert shown.field.description == "Choose:"


def test_a_form_carries_the_question_as_text_for_where_none_is_drawn():
    data = form("best")._repr_mimebundle_()
    assert "No prediction was recorded here." in data["text/plain"]
    assert (
        data["text/html"].count("<li>") == 2 and "No prediction was recorded" in data["text/html"]
    )
    record_prediction("99.best", "b")
    assert "You predicted: the second." in form("best")._repr_mimebundle_()["text/html"]


def test_what_a_learner_writes_is_shown_as_text(monkeypatch):
    shown = []
    monkeypatch.setattr(predictions, "in_a_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    record_prediction("99.words", EVIL)
    show_outcome("99.words", EVIL)
    assert record_prediction("99.words")._repr_mimebundle_()["text/html"].count("&lt;img") == 1
    assert "<img" not in shown[0]["text/html"] and shown[0]["text/html"].count("&lt;img") == 2
    assert "&lt;img" in form("words").said.value


def test_what_is_kept_of_a_prediction_is_no_more_than_is_needed(kept):
    record_prediction("99.share", 40)
    [one] = json.loads(kept.read_text())["predictions"].values()
    assert set(one) == {"kind", "given", "later", "outcome", "interval", "shown"}
