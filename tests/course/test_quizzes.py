"""The quiz: each question has one right answer, each wrong one its hint, and nothing is lost."""

import json
import random
import re
import time
from collections import Counter

import pytest

from tlhelpers.course import quiz, quizzes
from tlhelpers.course.contents import source_dir
from tlhelpers.course.progress_file import progress, read_progress
from tlhelpers.course.quiz_kinds import LETTERS, AskedLetters, AskedNumber, Choice, Number, Several
from tlhelpers.course.quiz_rounds import as_text, draw_round, lessons, pool
from tlhelpers.setup.progress_store import PARTS

SEEDS = 50
each_lesson = pytest.mark.parametrize("lesson", lessons())


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


@each_lesson
def test_a_pool_holds_enough_questions_of_every_kind(lesson):
    questions = pool(lesson)
    assert len(questions) >= 12
    assert len({one.key for one in questions}) == len({one.text for one in questions})
    assert len({one.key for one in questions}) == len(questions)
    kinds = Counter(type(one) for one in questions)
    assert min(kinds[kind] for kind in (Choice, Several, Number)) >= 1
    assert sum(one.draw is not None for one in questions) >= 3, "other numbers each time"


def choices_of(question):
    right = [question.right] if isinstance(question, Choice) else [*question.right]
    return right, list(question.wrong)


@each_lesson
def test_choices_are_of_like_length_and_length_does_not_betray_the_right_one(lesson):
    longest = shortest = 0
    lettered = [one for one in pool(lesson) if not isinstance(one, Number)]
    for one in lettered:
        right, wrong = choices_of(one)
        lengths = [len(text) for text in (*right, *wrong)]
        assert len(lengths) == 4
        assert max(lengths) <= 1.4 * min(lengths), (one.key, lengths)
        longest += len(right) == 1 and len(right[0]) > 1.03 * max(map(len, wrong))
        shortest += len(right) == 1 and len(right[0]) < 0.97 * min(map(len, wrong))
    assert longest <= 0.4 * len(lettered) and shortest <= 0.4 * len(lettered)


def asked_often(lesson):
    return [one.ask(random.Random(seed), seed % 4) for seed in range(SEEDS) for one in pool(lesson)]


@each_lesson
def test_a_drawn_question_has_one_right_answer_and_a_hint_for_each_wrong_one(lesson):
    for asked in asked_often(lesson):
        assert not re.search(r"[{}]", asked.text + asked.praise), asked
        assert asked.judge(asked.right_answer) == ("right", asked.praise)
        hints = hints_of_letters(asked) if asked.options else hints_of_numbers(asked)
        assert len(set(hints)) == len(hints), (asked.key, "each mistake has a hint of its own")
        for hint in (*hints, asked.praise):
            assert len(hint) > 15 and hint[0].isupper() and hint[-1] in ".?", hint
            assert "{" not in hint


def hints_of_letters(asked: AskedLetters):
    assert len(set(asked.options)) == len(asked.options) == 4
    letters = LETTERS[:4]
    answers = letters if not asked.missing else [a + b for a in letters for b in letters if a < b]
    states = Counter(asked.judge(answer).state for answer in answers)
    assert states == {"right": 1, "wrong": len(answers) - 1}
    if asked.missing:
        assert len(asked.right) == 2
        some = min(asked.right)
        assert asked.judge(some) == ("wrong", asked.missing)
    return [asked.judge(one).message for one in letters if one not in asked.right]


def hints_of_numbers(asked: AskedNumber):
    assert len(asked.mistakes) >= 2
    told = [asked.judge(f"{value:.6g}") for value, _ in asked.mistakes]
    assert {verdict.state for verdict in told} == {"wrong"}
    assert asked.judge(-1e12) == ("wrong", asked.hint)
    return [*(verdict.message for verdict in told), asked.hint]


@each_lesson
def test_rounds_ask_each_question_once_before_any_again_and_draw_other_numbers(lesson):
    first, second = (draw_round(lesson, seed) for seed in (0, 1))
    assert len(first) == len(second) == 6
    assert not {one.key for one in first} & {one.key for one in second}
    assert draw_round(lesson, 0) == first
    texts = {}
    for seed in range(SEEDS):
        for asked in draw_round(lesson, seed):
            texts.setdefault(asked.key, set()).add(asked.text)
    assert set(texts) == {one.key for one in pool(lesson)}
    numbers = [one.key for one in pool(lesson) if isinstance(one, Number)]
    assert all(len(texts[key]) > 2 for key in numbers)


def test_no_letter_is_a_good_guess():
    places = Counter()
    for lesson in lessons():
        for seed in range(SEEDS):
            asked = draw_round(lesson, seed)
            single = [one.right_answer for one in asked if one.options and not one.missing]
            places.update(single)
            assert max(Counter(single).values(), default=0) <= 2, "in one round"
    share = {letter: count / places.total() for letter, count in places.items()}
    assert set(share) == set("abcd") and all(0.22 < one < 0.28 for one in share.values())


@each_lesson
def test_no_question_quotes_a_measured_accuracy(lesson):
    """Numbers are drawn, or those of a made-up setting; one that is typed could go stale."""
    for one in pool(lesson):
        typed = re.sub(r"{[^}]*}|0\.05|95 % interval|50 %|70 %|0\.50|0\.51", "", one.text)
        assert not re.search(r"\d ?%|accuracy of 0\.\d", typed), one.text


def test_every_lesson_with_a_pool_asks_its_quiz_once_near_its_end():
    sources = {path.name[:2]: path for path in source_dir().glob("[0-9][0-9]_*.py")}
    for lesson in lessons():
        text = sources[lesson].read_text(encoding="utf-8")
        assert text.count(f'\n# %%\nquiz("{lesson}")\n') == text.count("quiz(") == 1
        rest = text.split(f'quiz("{lesson}")')[1]
        assert rest.count("\n# %%\n") <= 1 and re.search("What (comes|to read) next", rest)


# ---------------------------------------------------------------- answers as text


def right_answers(lesson, seed=0):
    return [one.right_answer for one in draw_round(lesson, seed)]


def test_it_prints_the_questions_and_how_to_answer_where_no_widget_is(kept, capsys):
    assert quiz("02") is None
    shown = capsys.readouterr().out
    for asked in draw_round("02", 0):
        assert asked.text in shown and all(option in shown for option in asked.options)
    assert 'Answer with quiz("02", answers=["b", "ac", 0.83, …])' in shown
    assert not kept.exists(), "nothing was answered"


def test_answers_get_verdicts_and_the_first_ones_are_the_score(kept, capsys):
    right = right_answers("02")
    asked = draw_round("02", 0)
    wrong = ["bcd"[right[0] in "b"] if asked[0].options else "12345", *right[1:3], None]
    quiz("02", answers=wrong)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("✗ 1 wrong: ") and lines[1].startswith("✓ 2 right: ")
    assert lines[3] == "Score: 2 of 6 right at the first try; 3 left."
    assert progress().table.loc["02", "quiz"] == ""
    quiz("02", answers=right)
    assert "✓ 1 right: " in (shown := capsys.readouterr().out)
    assert shown.splitlines()[-1] == "Score: 5 of 6 right at the first try."
    assert progress().table.loc["02", "quiz"] == "5/6"


def test_a_second_round_has_its_own_answers_and_the_best_score_stays(kept, capsys):
    quiz("04", answers=right_answers("04"))
    quiz("04", seed=1, answers=["a"])
    entry = read_progress().quizzes["04"]
    assert (entry["seed"], entry["best"], entry["rounds"], len(entry["answers"])) == (1, 6, 1, 1)
    capsys.readouterr()
    quiz("04")
    assert draw_round("04", 1)[0].text in capsys.readouterr().out, "the round goes on"
    quiz("04", answers=[None, *right_answers("04", 1)[1:]])
    entry = read_progress().quizzes["04"]
    assert entry["rounds"] == 2 and 5 <= entry["last"] <= entry["best"] == 6


@pytest.mark.parametrize(
    ("answer", "state"),
    [("A", None), ("(a)", None), ("a.", None), (["a"], None), ("e", "open"), ("ab", "open"),
     ("", "open"), (7, "open"), (True, "open")],
    ids=str,
)  # fmt: skip
def test_a_letter_may_be_written_in_several_ways(answer, state):
    asked = next(one for one in draw_round("02", 0) if one.options and not one.missing)
    assert asked.judge(answer).state == (state or asked.judge("a").state)


WAYS = {
    "point": str,
    "comma": lambda number: str(number).replace(".", ","),
    "number": float,
    "spaces": lambda number: f" {number} ",
    "per cent": lambda number: f"{100 * number:.4g} %",
}


@pytest.mark.parametrize("write", WAYS.values(), ids=WAYS)
def test_a_number_may_be_written_in_several_ways_and_rounded(write):
    asked = AskedNumber("k", "t", value=0.8333333, how="a number", hint="h")
    assert asked.judge(write(0.833)).state == "right"
    assert asked.judge(write(0.85)).state == "wrong"
    assert [asked.judge(one).state for one in ("", "five", None, "%")] == ["open"] * 4


@pytest.mark.parametrize(
    ("value", "answer", "state"),
    [(12288, "12,288", "right"), (12288, "12,400.0", "right"), (1234567, "1,234,567", "right"),
     (1.234, "1,234", "right"), (12288, "1,228", "wrong"), (0.2128, "0.21", "open"),
     (0.2128, "21 %", "open"), (0.2128, "0.213", "right"), (0.2128, "0.22", "wrong"),
     (0.2128, "0.2", "wrong"), (14.29, 14, "open"), (14.29, "15", "wrong"), (3e-6, "0", "wrong"),
     (12288, "12.288", "right"), (12288, "12 288", "right"), (12288, "12\u2019288,5", "right"),
     (1234567.8, "1.234.567,8", "right"), (0.125, "12.5 per cent", "right"),
     (-3, "\u2212 3", "right"), (1e-9, "1e999999999999999999", "open"), (0.5, "sNaN", "open"),
     (0.5, "1e-999999999999", "wrong"), (0.5, "inf", "open")],
    ids=str,
)  # fmt: skip
def test_commas_may_part_thousands_and_a_number_rounded_too_far_is_left_open(value, answer, state):
    asked = AskedNumber("k", "t", value=value, how="a number", hint="h")
    assert asked.judge(answer).state == state


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"lesson": "77"}, "quiz of lesson"),
        ({"lesson": "02", "seed": -1}, "seed"),
        ({"lesson": "02", "answers": ["a"] * 7}, "at most 6"),
        ({"lesson": "02", "answers": "abcabc"}, "answers are a list"),
    ],
    ids=["lesson", "seed", "many", "text"],
)
def test_what_cannot_be_asked_is_one_error(arguments, told):
    with pytest.raises(ValueError, match=told):
        quiz(**arguments)


def test_a_progress_that_cannot_be_kept_is_told_and_the_score_is_shown(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(tmp_path / "p.json"))
    (tmp_path / "p.json").write_text('{"format": 9}')
    quiz("02", answers=right_answers("02"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == "Score: 6 of 6 right at the first try."
    assert "could not be kept" in lines[-1] and "newer version" in lines[-1]
    assert (tmp_path / "p.json").read_text() == '{"format": 9}'


# ---------------------------------------------------------------- the widget


def widget(lesson="02", seed=0):
    from tlhelpers.course.quiz_widget import Quiz

    return Quiz(lesson, seed)


def click(button):
    """As the page tells the kernel of a click, through the widget's comm."""
    message = {"method": "custom", "content": {"event": "click"}}
    button._handle_msg({"content": {"data": message}, "buffers": []})


def test_the_widget_says_why_counts_first_answers_and_begins_another_round(kept):
    shown = widget()
    assert shown.score.value.count("0 of 6") == 1
    for box, right in zip(shown.questions, right_answers("02"), strict=True):
        click(box.button)
        assert f"○ {box.number} open." in box.said.value
        box.answer = right
        assert set(box.answer) == set(right)
        click(box.button)
        assert f"✓ {box.number} right." in box.said.value and 'role="status"' in box.said.value
    assert "Score: 6 of 6 right at the first try." in shown.score.value
    assert read_progress().quizzes["02"]["best"] == 6
    texts = [box.asked.text for box in shown.questions]
    click(shown.again)
    assert not set(texts) & {box.asked.text for box in shown.questions}
    assert "round 2" in shown.children[0].value and "0 of 6" in shown.score.value
    assert read_progress().quizzes["02"]["seed"] == 1


def test_the_widget_brings_back_what_was_answered(kept):
    shown = widget()
    box = next(one for one in shown.questions if len(one.fields) == 1 and one.asked.options)
    wrong = next(one for one in "abcd" if one not in box.asked.right)
    box.answer = wrong
    click(box.button)
    hint = box.asked.judge(wrong).message
    box.answer = box.asked.right_answer
    click(box.button)
    assert "right." in box.said.value and "0 of 6" in shown.score.value, "the first answer counts"
    again = widget().questions[box.number - 1]
    assert again.answer == wrong and "not yet" in again.said.value
    assert read_progress().quizzes["02"]["answers"][box.asked.key] == [wrong, False]
    assert len(hint) > 15


def test_the_order_of_focus_is_that_of_the_questions():
    shown = widget()
    kinds = [type(child).__name__ for child in shown.children]
    assert kinds == ["HTML", *["QuestionBox"] * 6, "HTML", "HTML", "Button"]
    for box in shown.questions:
        assert box.children == (box.children[0], *box.fields, box.button, box.said)
    assert len({box.button.description for box in shown.questions}) == 6


def test_the_widget_carries_its_questions_as_text_for_where_none_is_drawn():
    data = widget()._repr_mimebundle_()
    assert data["text/plain"] == as_text("02", 0)
    assert data["text/html"].count("<li>") == 6 + sum(
        len(one.options) for one in draw_round("02", 0)
    )
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_notebook_gets_the_widget_and_it_is_quick(monkeypatch):
    monkeypatch.setattr(quizzes, "_in_a_notebook", lambda: True)
    start = time.process_time()
    shown = quiz("08")
    assert time.process_time() - start < 2
    assert (type(shown).__name__, shown.lesson, shown.seed) == ("Quiz", "08", 0)


def test_what_is_kept_of_a_quiz_is_no_more_than_is_needed(kept):
    quiz("00", answers=right_answers("00"))
    content = json.loads(kept.read_text())
    assert set(content) == {"format", "name", "edited", "checksum", *PARTS}
    assert content["name"] == ""
