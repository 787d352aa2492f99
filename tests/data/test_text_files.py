"""Tables of somebody's own texts: each kind, each fault, and what is told of it."""

import csv
import datetime
import io
import json
import os
import string
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from tlhelpers.data.duplicates import near_duplicates
from tlhelpers.data.groups import composed
from tlhelpers.data.near_texts import near_texts
from tlhelpers.data.reading import Reading
from tlhelpers.data.text_files import open_texts, open_unlabelled_texts
from tlhelpers.errors import CourseError

on_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
WORDS = [
    "amber",
    "brook",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "inlet",
    "jetty",
    "knoll",
    "ledge",
    "marsh",
    "nook",
]


def sentence(number):
    """A sentence like no other one."""
    return f"the {WORDS[number % 14]} beside {WORDS[number // 14 % 14]} has sign {number}x{number}"


ROWS = [[sentence(i), ["bad", "good"][i % 2]] for i in range(8)]
HEADING = ["text", "label"]


def as_csv(rows, delimiter=",", heading=HEADING):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([heading, *rows])
    return file.getvalue()


def saved(folder, content, name="mine.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder, sheets, change=lambda book: None, name="mine.xlsx"):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    change(book)
    book.save(folder / name)
    return folder / name


def pairs(data):
    """Texts and class names, in order."""
    return [
        [text, data.class_names[label]] for text, label in zip(data.texts, data.labels, strict=True)
    ]


def told(reading):
    return "\n".join(reading.lines())


def refusal(path, **columns):
    with pytest.raises(CourseError) as error:
        open_texts(path, **columns)
    assert "\n" not in str(error.value)
    return str(error.value)


# ---------------------------------------------------------------- kinds


def write_csv(path, rows):
    path.write_text(as_csv(rows), "utf-8", newline="")


def write_tsv_utf16(path, rows):
    path.write_bytes(as_csv(rows, "\t").encode("utf-16"))


def write_excel(path, rows):
    book = Workbook()
    for row in [HEADING, *rows]:
        book.active.append(row)
    book.save(path)


def write_lines(path, rows):
    lines = [json.dumps(dict(zip(HEADING, row, strict=True))) for row in rows]
    path.write_text("\n".join(lines), "utf-8")


def write_array(path, rows):
    items = [dict(zip(HEADING, row, strict=True)) for row in rows]
    path.write_text(json.dumps(items, indent=2, ensure_ascii=False), "utf-8")


def write_parquet(path, rows):
    pd.DataFrame(rows, columns=HEADING).to_parquet(path)


WRITERS = [write_csv, write_tsv_utf16, write_excel, write_lines, write_array, write_parquet]
# Excel keeps no control characters; the others do.
SIGNS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff")
BODY = st.text(SIGNS | st.sampled_from('\n\t,;|"'), max_size=30)
LABEL = st.sampled_from(["bad", "good", "so, so", "7", "être", "nicht\u00a0gut"])


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bodies=st.lists(st.tuples(BODY, LABEL), min_size=3, max_size=8))
def test_what_is_written_in_any_kind_comes_back_under_any_name(tmp_path, write, bodies):
    rows = [[f"{sentence(i)} {body} end", label] for i, (body, label) in enumerate(bodies)]
    rows += [[f"{sentence(100 + i)}.", label] for i, label in enumerate(["bad", "good"] * 3)]
    path = tmp_path / "mine.dat"
    write(path, rows)
    data, reading = open_texts(path)
    told_out = {int(name[4:]) for items in reading.left_out.values() for name in items}
    kept = [row for number, row in enumerate(rows, 1) if number not in told_out]
    assert pairs(data) == [
        [composed(text), " ".join(composed(label).split())] for text, label in kept
    ]
    assert reading.names == [f"row {n}" for n in range(1, len(rows) + 1) if n not in told_out]
    for number in told_out:  # only what cannot be split
        label = rows[number - 1][1]
        assert sum(row[1] == label for row in rows) < 2 or label in told(reading)


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_each_delimiter_in_each_encoding(tmp_path, delimiter, encoding):
    rows = [[f"{text}, née\nÀ l'été; « {i} »", label] for i, (text, label) in enumerate(ROWS)]
    data, _ = open_texts(saved(tmp_path, as_csv(rows, delimiter).encode(encoding)))
    assert pairs(data) == rows


def test_utf16_without_its_mark_is_known_in_chinese_too_and_told(tmp_path):
    rows = [[f"这家店的服务一{'非常' * (i + 2)}周到{i}", "好坏"[i % 2]] for i in range(8)]
    data, reading = open_texts(saved(tmp_path, as_csv(rows).encode("utf-16-le")))
    assert pairs(data) == rows
    assert "read as UTF-16" in told(reading)


def test_windows_1252_is_told(tmp_path):
    rows = [[f"{text} für 5 €", label] for text, label in ROWS]
    data, reading = open_texts(saved(tmp_path, as_csv(rows, ";").encode("cp1252")))
    assert pairs(data) == rows
    assert "Windows-1252" in told(reading)


def test_one_broken_byte_among_many_signs_of_utf8_is_told_and_spoils_no_other(tmp_path):
    content = as_csv([[f"{text} größer älter öfter süß", label] for text, label in ROWS]).encode()
    data, reading = open_texts(
        saved(tmp_path, content.replace("süß".encode(), b"s\xff\xc3\x9f", 1))
    )
    assert data.texts[0].endswith("s\ufffdß") and data.texts[1].endswith("süß")
    assert "1 places that are not written in UTF-8" in told(reading)


@pytest.mark.parametrize(
    "sign", ["\x00", "\x07", "&amp;", "\u200b", "\x0c", "\u2028", "\x1c", "\r"]
)
def test_strange_signs_inside_texts_are_kept(tmp_path, sign):
    rows = [[f"{text}{sign}end", label] for text, label in ROWS]
    assert pairs(open_texts(saved(tmp_path, as_csv(rows)))[0]) == rows
    write_lines(tmp_path / "mine.jsonl", rows)
    assert pairs(open_texts(tmp_path / "mine.jsonl")[0]) == rows


# ---------------------------------------------------------------- rows


def test_every_row_is_kept_or_told(tmp_path):
    lines = as_csv(ROWS).splitlines()
    lines[2:2] = ["", ",", "only a text", "a text,good,3", "no label here,", ",bad", "missing,NaN"]
    data, reading = open_texts(saved(tmp_path, "\n".join(lines)))
    assert pairs(data) == ROWS
    assert {reason: list(rows) for reason, rows in reading.left_out.items()} == {
        "with fewer fields than the heading": ["row 4"],
        "with more fields than the heading": ["row 5"],
        "that are empty": ["row 2", "row 3"],
        "without a text": ["row 7"],
        "without a label": ["row 6", "row 8"],
    }
    assert reading.left_out["without a label"]["row 8"] == "'NaN'"
    assert reading.names == ["row 1", *(f"row {n}" for n in range(9, 16))]


def test_empty_fields_behind_the_last_column_do_no_harm(tmp_path):
    lines = [f"{line},," for line in as_csv(ROWS).splitlines()]
    assert pairs(open_texts(saved(tmp_path, "\n".join(lines)))[0]) == ROWS


def test_a_faulty_quote_costs_its_row_alone(tmp_path):
    lines = as_csv(ROWS).splitlines()
    lines.insert(3, 'bad,"so "so",x')
    data, reading = open_texts(saved(tmp_path, "\n".join(lines)))
    assert pairs(data) == ROWS
    assert list(*[rows for reason, rows in reading.left_out.items() if "quote" in reason]) == [
        "row 3"
    ]


def test_a_quote_that_never_closes_is_one_error_with_its_row(tmp_path):
    lines = as_csv(ROWS).splitlines()
    lines.insert(3, '"never closed,good')
    message = refusal(saved(tmp_path, "\n".join(lines)))
    assert "row 3" in message and "never closed" in message
    tabs = "\n".join(lines).replace(",", "\t")
    data, reading = open_texts(saved(tmp_path, tabs, "mine.tsv"))
    assert len(data) == 9 and "Quotes" in told(reading)


def test_if_most_rows_are_uneven_that_is_one_error(tmp_path):
    lines = ["text,label", *(f"one, two, {i} three,good" for i in range(8))]
    assert "8 of 8 rows" in refusal(saved(tmp_path, "\n".join(lines)), text="text", label="label")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\n", "is empty"),
        (b"text,label\n", "has no rows below its heading"),
        (b"text,label\n,\n,\n", "has no rows below its heading"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is a picture (PNG)"),
        (b"\x1f\x8b\x08\0", "is packed with gzip"),
        (b"\x7fELF\xff\xfe\0\0\x01", "holds no text"),
        (b"PAR1 and no more", "is a Parquet file that is damaged"),
        (b"PK\x03\x04 and no more", "is damaged"),
        (b"\xd0\xcf\x11\xe0 old", "in the old format (.xls)"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "locked with a password"),
        (b'[{"text": "a", ', "no complete JSON array"),
        (b'{\n  "text": "a",\n  "label": "b"\n}', "no JSON object"),
        (b"text,label\na b c,x\nd e f,x\n", "have the label 'x'"),
        (b"text,label\na b c,x\nd e f,y\n", "a label of its own"),
        (b"text,label\na b c,\nd e f,\n", "no row has a label"),
        (b"text,label\n,x\n,y\n", "no row has a text"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_is_no_usable_table_is_one_clear_error(tmp_path, content, message):
    told_once = refusal(saved(tmp_path, content), text=None)
    assert message in told_once and "mine.csv" in told_once


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    saved(tmp_path, as_csv(ROWS))
    assert "did you mean mine.csv?" in refusal(tmp_path / "mein.csv")
    assert "is a folder" in refusal(tmp_path)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=200)
    | st.text('text,label"\n{}[]:;\t1a', max_size=80).map(str.encode)
)
def test_no_content_ends_in_another_error(tmp_path, content):
    for open_table in (open_texts, open_unlabelled_texts):
        try:
            _, reading = open_table(saved(tmp_path, content, "mine"))
            assert reading.names
        except CourseError as error:
            assert str(tmp_path) in str(error)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(4, 5000), kind=st.sampled_from([write_excel, write_parquet, write_array]))
def test_a_file_that_was_cut_off_is_one_error(tmp_path, cut, kind):
    kind(tmp_path / "whole", ROWS)
    content = (tmp_path / "whole").read_bytes()
    if cut < len(content):
        refusal(saved(tmp_path, content[:cut]))


# ---------------------------------------------------------------- columns


def test_columns_are_guessed_by_their_content_and_told(tmp_path):
    rows = [[i, f"2026-01-{i % 28 + 1:02}", f"u{i % 25}", text, ["ja", "nein"][i % 2]]
            for i, text in enumerate(map(sentence, range(60)))]  # fmt: skip
    path = saved(tmp_path, as_csv(rows, heading=["nr", "when", "user", "was", "urteil"]))
    data, reading = open_texts(path)
    assert pairs(data) == [[row[3], row[4]] for row in rows]
    assert "'was' was taken for the texts" in told(reading)
    assert "'urteil' was taken for the labels" in told(reading)
    assert "say group='user'" in told(reading)
    data, reading = open_texts(path, group="user")
    assert sorted(set(data.groups)) == sorted({row[2] for row in rows})
    assert "say group='user'" not in told(reading)


def test_where_it_is_not_clear_the_columns_are_shown(tmp_path):
    rows = [
        [f"{sentence(i)}?", f"{sentence(i + 90)}!", "ab"[i % 2], "xyz"[i % 3]] for i in range(30)
    ]
    path = saved(tmp_path, as_csv(rows, heading=["premise", "reply", "kind", "mood"]))
    message = refusal(path)
    assert "'premise': 30 different texts" in message and "--text" in message
    message = refusal(path, text="reply")
    assert "'kind': 2 different short texts, e.g. 'a'" in message and "--label" in message
    data, _ = open_texts(path, text="reply", label="mood")
    assert data.class_names == ["x", "y", "z"] and data.texts[0] == rows[0][1]


@pytest.mark.parametrize("name", ["id", "user_id", "day"])
def test_what_looks_like_a_name_or_a_day_is_no_label(tmp_path, name):
    rows = [[sentence(i), f"2026-01-0{i % 3 + 1}" if name == "day" else i % 3] for i in range(12)]
    path = saved(tmp_path, as_csv(rows, heading=["text", name]))
    assert "which column holds the labels is not clear" in refusal(path)
    assert len(open_texts(path, label=name)[0].class_names) == 3


def test_a_wrong_name_gets_the_near_ones(tmp_path):
    path = saved(tmp_path, as_csv(ROWS))
    assert "did you mean label?" in refusal(path, label="labl")
    assert "must be different columns" in refusal(path, text="text", label="text ")
    with pytest.raises(ValueError, match="give the name of a column, not ''"):
        open_texts(path, group="")


def test_headings_that_are_repeated_or_lacking_are_told(tmp_path):
    rows = [[i, f"{text} 1", text, label] for i, (text, label) in enumerate(ROWS)]
    path = saved(tmp_path, as_csv(rows, heading=["", "text", "text", "label"]))
    assert "did you mean" in refusal(path, text="text")
    data, reading = open_texts(path, text="text (2)")
    assert pairs(data) == ROWS and "more than once: 'text' (2 times)" in told(reading)
    assert "'column 1'" in told(reading)


def test_a_title_above_the_heading_is_passed_over_and_told(tmp_path):
    path = saved(tmp_path, "Export of May\n\n" + as_csv(ROWS, ";"))
    data, reading = open_texts(path)
    assert pairs(data) == ROWS and "'Export of May'" in told(reading)


# ---------------------------------------------------------------- labels and groups


def test_spellings_are_joined_with_counts(tmp_path):
    spellings = ["good", "Good", "good ", "\u00a0good", "bad", "bad", "BAD", "good"]
    rows = [[row[0], label] for row, label in zip(ROWS, spellings, strict=True)]
    data, reading = open_texts(saved(tmp_path, as_csv(rows)))
    assert data.class_names == ["bad", "good"] and data.counts() == {"bad": 3, "good": 5}
    assert "'Good' (1) and 'good ' (1)" in told(reading)
    assert "'BAD' (1) became 'bad'" in told(reading)


def test_1_and_1_point_0_are_one_class_and_numbers_go_by_size(tmp_path):
    labels = ["1", "1.0", "10", "2", "1.0", "2.0", "10", "1.5"]
    rows = [[row[0], label] for row, label in zip(ROWS, labels, strict=True)]
    data, reading = open_texts(saved(tmp_path, as_csv(rows)))
    assert data.counts() == {"1": 3, "2": 2, "10": 2}
    assert "'1.0' (2) became '1'" in told(reading)
    assert "'1.5'" in told(reading)  # one item


def test_a_class_of_one_text_is_left_out_and_told(tmp_path):
    data, reading = open_texts(saved(tmp_path, as_csv([*ROWS, ["a lonely one", "rare"]])))
    assert data.class_names == ["bad", "good"]
    assert "Classes left out with all their texts: 'rare' (1)" in told(reading)
    assert any("row 9" in rows for rows in reading.left_out.values())


def test_two_hundred_classes(tmp_path):
    rows = [[sentence(i), f"class {i % 200}"] for i in range(600)]
    data, _ = open_texts(saved(tmp_path, as_csv(rows)))
    assert len(data.class_names) == 200 and len(data) == 600


def test_equal_and_nearly_equal_texts_are_one_group_and_conflicts_are_told(tmp_path):
    extra = [[ROWS[0][0], "bad"], [ROWS[1][0].upper() + "!", "bad"]]
    data, reading = open_texts(saved(tmp_path, as_csv([*ROWS, *extra])))
    assert reading.duplicates == [["row 1", "row 9"], ["row 2", "row 10"]]
    assert reading.conflicts == [["row 2", "row 10"]]
    assert data.groups[0] == data.groups[8] and data.groups[1] == data.groups[9]


def test_a_missing_group_is_left_out_and_told(tmp_path):
    rows = [[*row, f"p{i % 4}"] for i, row in enumerate(ROWS)]
    rows.append(["one more of it", "good", ""])
    path = saved(tmp_path, as_csv(rows, heading=["text", "label", "who"]))
    _, reading = open_texts(path, group="who")
    assert list(reading.left_out["without a group"]) == ["row 9"]


# ---------------------------------------------------------------- workbooks


def test_the_sheet_that_has_the_columns_is_read_and_told(tmp_path):
    sheets = {"Empty": [], "Notes": [["about", "what"], ["me", "mine"]], "Data": [HEADING, *ROWS]}
    data, reading = open_texts(workbook(tmp_path, sheets))
    assert pairs(data) == ROWS
    assert "'Data' was read; row 1 of this report is its row 2" in told(reading)
    assert "not read: 'Notes'" in told(reading)


def test_a_hidden_sheet_is_passed_over_unless_it_alone_has_the_columns(tmp_path):
    def hide(book):
        book["Old"].sheet_state = "hidden"

    other = [[text, "old"] for text, _ in ROWS]
    path = workbook(tmp_path, {"Old": [HEADING, *other], "New": [HEADING, *ROWS]}, hide)
    data, reading = open_texts(path)
    assert pairs(data) == ROWS and "'Old' (hidden)" in told(reading)


def test_titles_merged_headings_and_merged_cells(tmp_path):
    def merge(book):
        sheet = book.active
        sheet.merge_cells("A1:C1")
        sheet.merge_cells("B2:C2")
        sheet.merge_cells("C4:C5")

    rows = [[i, text, "good" if i < 4 else "bad"] for i, (text, _) in enumerate(ROWS)]
    sheets = {"S": [["Survey of May"], ["nr", "answers", None], [None, "text", "label"], *rows]}
    data, reading = open_texts(workbook(tmp_path, sheets, merge))
    assert pairs(data) == [row[1:] for row in rows]
    assert reading.names[0] == "row 1" and "its row 4" in told(reading)
    assert "merged" in told(reading)


def test_cells_that_are_no_texts(tmp_path):
    rows = [[text, i % 2] for i, (text, _) in enumerate(ROWS)]
    rows[1][1] = 1.0
    rows += [["=A2&B2", 1], [datetime.datetime(2026, 5, 1), 0], [True, 1], ["#N/A", 0], [3.5, 0]]
    data, reading = open_texts(workbook(tmp_path, {"S": [HEADING, *rows]}))
    assert data.class_names == ["0", "1"]
    assert list(data.texts[8:]) == ["2026-05-01", "True", "3.5"]
    gaps = reading.left_out["without a text"]
    assert gaps["row 9"].startswith("a formula whose result is not stored")
    assert gaps["row 12"] == "#N/A"


def test_a_zip_that_is_no_workbook_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.xlsx", "w") as archive:
        archive.writestr("a.txt", "x")
    assert "is a zip archive and no Excel workbook" in refusal(tmp_path / "mine.xlsx")


# ---------------------------------------------------------------- JSON


def test_nested_values_and_lines_that_are_no_objects_are_left_out_and_told(tmp_path):
    lines = [json.dumps({"text": t, "label": n, "meta": {"a": 1}}) for t, n in ROWS]
    lines += ["", "{broken", "[1, 2]", json.dumps({"text": ["x"], "label": "good"})]
    lines += [json.dumps({"text": "half \ud800 of one", "label": "good"})]
    data, reading = open_texts(saved(tmp_path, "\n".join(lines), "mine.jsonl"))
    assert pairs(data) == ROWS
    assert list(reading.left_out["that are no JSON object"]) == ["row 10", "row 11"]
    assert reading.left_out["without a text"] == {"row 12": "a nested value"}
    assert list(reading.left_out["whose text holds half a character"]) == ["row 13"]
    assert "'meta' holds lists or objects in 8 rows" in told(reading)


# ---------------------------------------------------------------- without labels


def test_texts_without_labels_keep_their_rows(tmp_path):
    path = saved(tmp_path, "text\n" + "\n".join([sentence(0), "", sentence(1), sentence(1)]))
    data, reading = open_unlabelled_texts(path)
    assert list(data.texts) == [sentence(0), sentence(1), sentence(1)]
    assert reading.names == ["row 1", "row 3", "row 4"]
    assert data.class_names == ["?", "??"] and set(data.labels) == {0}
    assert list(
        open_unlabelled_texts(saved(tmp_path, as_csv(ROWS)), text="label")[0].texts[:2]
    ) == [
        "bad",
        "good",
    ]


def test_a_list_of_one_column_may_hold_any_sign(tmp_path):
    texts = ["one, two", "three; four", "five\tsix", "seven | eight, nine, ten"]
    data, _ = open_unlabelled_texts(saved(tmp_path, "text\n" + "\n".join(texts), "mine.txt"))
    assert list(data.texts) == texts


# ---------------------------------------------------------------- near duplicates

VOCABULARY = st.sampled_from([*WORDS[:6], "THE", "the", "☺", ""])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(VOCABULARY, min_size=1, max_size=12).map(" ".join), min_size=2, max_size=40)
)
def test_looking_up_rare_words_finds_what_comparing_all_pairs_finds(texts):
    texts = [text if text.strip() else "☺" for text in texts]
    assert (near_texts(texts, all_pairs=0)[0] == near_duplicates(texts)).all()


@pytest.mark.parametrize(
    "texts",
    [
        ["amber", "☺"],
        ["☺", "amber"],
        ["amber", "☺", "amber river"],
        ["☺", "☺"],
        ["amber", "☺", "☻"],
        ["amber", "Amber!", "☺", "☺"],
    ],
    ids=["last", "first", "middle", "alone", "two at the end", "twice"],
)
def test_a_text_without_words_may_stand_anywhere(texts):
    assert near_texts(texts, all_pairs=0)[0].tolist() == near_duplicates(texts).tolist()


def test_looking_up_rare_words_agrees_on_long_texts_with_few_changes():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list(string.ascii_lowercase), 5)) for _ in range(300)]
    texts = [" ".join(rng.choice(words, 40)) for _ in range(150)]
    for text in list(texts):
        changed = text.split()
        for place in rng.integers(0, 40, rng.integers(1, 8)):
            changed[place] = str(rng.choice(words))
        texts.append(" ".join(changed))
    found = near_texts(texts, all_pairs=0)[0]
    assert (found == near_duplicates(texts)).all() and 150 < len(set(found)) < 300


def test_a_large_table_tells_how_near_texts_were_found(tmp_path):
    rows = [[sentence(i), ["bad", "good"][i % 2]] for i in range(6000)]
    data, reading = open_texts(saved(tmp_path, as_csv(rows)))
    assert len(data) == 6000 and "one of its rarest words" in told(reading)
    assert isinstance(reading, Reading) and Path(reading.source).name == "mine.csv"


@pytest.mark.parametrize("heading", [None, ["text", "label"], ["text", "Good"]])
def test_a_table_without_a_heading_is_told(tmp_path, heading):
    heading = ROWS[0] if heading is None else heading
    _, reading = open_texts(saved(tmp_path, as_csv(ROWS[1:], heading=heading)))
    told = [note for note in reading.notes if "The first row was taken for the heading" in note]
    assert len(told) == (heading is ROWS[0])


@on_unix
def test_a_pipe_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for read in (open_texts, open_unlabelled_texts):
        with pytest.raises(CourseError, match=r"pipe.csv is no ordinary file"):
            read(tmp_path / "pipe.csv")
