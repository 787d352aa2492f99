"""A learner's table of texts: what comes back, and what is refused."""

import codecs
import csv
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tlhelpers.data.groups import MISSING_AS_TEXT
from tlhelpers.data.names import look_alikes, visible
from tlhelpers.data.tables import load_table
from tlhelpers.errors import CourseError


def table(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "mine.csv"
    path.write_bytes(content.encode(encoding))
    return path


def refusal(path, *options):
    with pytest.raises(CourseError) as raised:
        load_table(path, *options)
    assert str(path) in str(raised.value)
    return str(raised.value)


def composed(text):
    return unicodedata.normalize("NFC", text)


# ---------------------------------------------------------------- what is written comes back


def test_ones_own_table_is_read_with_its_classes_in_order(tmp_path):
    path = table(tmp_path, 'text,label\n"Well, fine",yes\nno way,no\nNO WAY!,no\nNA,yes\n')
    found = load_table(path)
    assert found.texts.tolist() == ["Well, fine", "no way", "NO WAY!", "NA"]
    assert found.class_names == ["no", "yes"] and found.labels.tolist() == [1, 0, 0, 1]
    assert found.groups[1] == found.groups[2] and len(set(found.groups)) == 3
    assert np.isnan(found.scores).all() and found.domain == "mine"


# All of Unicode but halves of characters and the zero byte.
signs = st.characters(codec="utf-8", exclude_characters="\0")
fields = st.one_of(
    st.text(signs, min_size=1, max_size=30),
    st.text(st.sampled_from("a ,;\t\"\n\r'\\😀é\u0301\ufeff"), min_size=1, max_size=12),
).filter(visible)
# A carriage return at the end of a row can be a part of its end.
names = st.text(signs, min_size=1, max_size=8).filter(
    lambda name: visible(name) and name not in MISSING_AS_TEXT and not name.endswith("\r")
)
some_classes = st.lists(names, min_size=2, max_size=4, unique_by=composed).filter(
    lambda names: not look_alikes(names)
)
some_groups = st.lists(names, min_size=1, max_size=4, unique_by=composed).filter(
    lambda names: not look_alikes(names, case=False)
)


@st.composite
def tables(draw):
    classes, groups = draw(some_classes), draw(some_groups)
    rows = draw(
        st.lists(st.tuples(fields, st.sampled_from(classes), st.sampled_from(groups)), max_size=12)
    )
    return [*rows, *((draw(fields), name, groups[0]) for name in classes)]


def write_with_csv(path, rows, delimiter, encoding, line_end):
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
        writer.writerows([("text", "label", "author"), *rows])


def write_with_pandas(path, rows, delimiter, encoding, line_end):
    frame = pd.DataFrame(rows, columns=["text", "label", "author"])
    frame.to_csv(path, sep=delimiter, encoding=encoding, lineterminator=line_end)


@pytest.mark.parametrize("write", [write_with_csv, write_with_pandas])
@settings(max_examples=25, deadline=None)
@given(
    tables(),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.sampled_from(["\n", "\r\n"]),
)
@example([("a\r\nb", "x", "1"), ('"', "y", "1")], ",", "utf-16", "\r\n")
@example([("a\r", "x", "1"), ("\rb\r\r", "y", "1")], ",", "utf-8", "\n")
@example([("x" * 200_000, "x", "1"), ("\n" * 3 + ",", "y", "1")], ";", "utf-8-sig", "\n")
def test_what_csv_and_pandas_write_is_read_back_exactly(
    tmp_path_factory, write, rows, delimiter, encoding, line_end
):
    path = tmp_path_factory.mktemp("table") / "mine.csv"
    write(path, rows, delimiter, encoding, line_end)
    found = load_table(path, group="author")
    texts, labels, groups = (
        [composed(field) for field in column] for column in zip(*rows, strict=True)
    )
    assert found.texts.tolist() == texts and found.groups.tolist() == groups
    assert [found.class_names[label] for label in found.labels] == labels
    assert sorted(found.class_names) == sorted(set(labels))


def test_a_mark_at_the_start_of_the_file_and_line_ends_of_windows_do_no_harm(tmp_path):
    path = table(tmp_path, '\ufefftext,label\r\n"two\r\nlines",x\r\nb,y\r\n')
    assert load_table(path).texts.tolist() == ["two\r\nlines", "b"]


def test_a_carriage_return_alone_ends_lines_on_an_old_mac_and_is_text_elsewhere(tmp_path):
    found = load_table(table(tmp_path, 'text,label\r"a\rb",x\rc,y\r'))
    assert found.texts.tolist() == ["a\rb", "c"]
    found = load_table(table(tmp_path, "text,label\na\rb,x\nc,y\n"))
    assert found.texts.tolist() == ["a\rb", "c"]


def test_a_text_may_be_as_long_as_a_book_and_the_csv_module_stays_as_it_was(tmp_path):
    before = csv.field_size_limit()
    path = table(tmp_path, f"text,label\n{'word ' * 60_000},x\nb,y\n")
    assert len(load_table(path).texts[0]) == 300_000
    assert csv.field_size_limit() == before


def test_a_column_can_say_what_belongs_together(tmp_path):
    path = table(tmp_path, "satz,klasse,autor\na b,x,1\nc d,y,1\ne f,x,2\n")
    assert load_table(path, "satz", "klasse", "autor").groups.tolist() == ["1", "1", "2"]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_semicolons_and_tabs_part_columns_too(tmp_path, sign):
    path = table(tmp_path, f'text{sign}label\n"a{sign}b"{sign}x\n1,5 and more{sign}y\n')
    assert load_table(path).texts.tolist() == [f"a{sign}b", "1,5 and more"]


def test_the_delimiter_is_the_one_that_gives_the_wanted_columns(tmp_path):
    path = table(tmp_path, "text,a;b;label\nx;y,one\nz;w,two\n")
    assert load_table(path, label="a;b;label").class_names == ["one", "two"]


def test_texts_of_nothing_but_emoji_are_texts(tmp_path):
    found = load_table(table(tmp_path, "text,label\n😀,good\n😡,bad\n😀,good\n"))
    assert found.groups.tolist() == ["0", "1", "0"] and found.class_names == ["bad", "good"]


def test_labels_that_are_numbers_are_in_the_order_of_numbers(tmp_path):
    rows = "".join(f"text {n},{n}\n" for n in (10, -1, 2, 9.5, 0))
    found = load_table(table(tmp_path, "text,label\n" + rows))
    assert found.class_names == ["-1", "0", "2", "9.5", "10"]
    assert found.labels.tolist() == [4, 0, 2, 3, 1]


def test_with_one_name_among_the_numbers_all_are_names(tmp_path):
    path = table(tmp_path, "text,label\na,10\nb,9\nc,none\n")
    assert load_table(path).class_names == ["10", "9", "none"]


def test_an_accent_in_two_spellings_is_one_class_one_group_and_one_column(tmp_path):
    two = unicodedata.normalize("NFD", "é")
    path = table(tmp_path, f"t{two}xt,label,who\na,{two},{two}\nb,é,é\nc{two},x,z\n")
    found = load_table(path, "téxt", group="who")
    assert found.class_names == ["x", "é"] and found.groups.tolist() == ["é", "é", "z"]
    assert found.texts[2] == "cé"
    named = path.rename(tmp_path / f"caf{two}.csv")
    assert load_table(named, f"t{two}xt").domain == "café"


def test_spaces_round_the_names_of_columns_do_not_matter(tmp_path):
    path = table(tmp_path, "\n text , label\na,x\nb,y\n")
    assert load_table(path).class_names == load_table(path, "text ").class_names == ["x", "y"]


def test_lines_that_hold_nothing_are_left_out_and_counted(tmp_path):
    path = table(tmp_path, "\n \ntext,label\na,x\n\n  \nb,y\nc,\n")
    assert "row 5 below the heading has no 'label'" in refusal(path)
    assert len(load_table(table(tmp_path, "text,label\na,x\n\nb,y\n \n"))) == 2


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    table(tmp_path, "text,label\na,x\nb,y\n")
    assert load_table("~/mine.csv").domain == "mine"
    with pytest.raises(CourseError, match="cannot find ~nobody-of-this-name"):
        load_table("~nobody-of-this-name/mine.csv")


# ---------------------------------------------------------------- what is refused, and why


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,lable\na,b\n", "has no column 'label' in its first line: did you mean lable"),
        ("I like it,pos\nnot at all,neg\n", "has no column 'text' in its first line"),
        ("text;lable\na;b\n", "has no column 'label' in its first line: did you mean lable"),
        ("text,label\na,x\n ,y\n", "row 2 below the heading has no 'text'"),
        ("text,label\na,x\n\u200b,y\n", "row 2 below the heading has no 'text'"),
        ("text,label\na,x\nb,\n", "row 2 below the heading has no 'label'"),
        ("text,label\na,x\nb,nan\nc,y\nd, \n", "rows 2, 4 below the heading have no 'label'"),
        ("text,label\n" + "b,\n" * 9, "rows 1, 2, 3, 4, 5 and 4 more below the heading have no"),
        ("text,label\na,x\nb,x\n", "needs at least two classes"),
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("text,label\n", "has no rows below its heading"),
        ("text,label\nno, thanks,x\nb,y\n", "row 1 below the heading has 3 fields, not 2: put a"),
        ("text;label\nno; thanks;x\nb;y\n", "a text that holds a semicolon in quotes"),
        ("text,label\na,x\nb\n", "row 2 below the heading has 1 field, not 2: write a comma"),
        ("text,label\na\nb,y\nc\nd\n", "row 1 .* has 1 field, not 2, and 2 more rows have not 2"),
        ("text,label,text\na,x,b\nc,y,d\n", "has 2 columns 'text': give each its own name"),
        ("text,label\na\0b,x\nb,y\n", "line 2 of .* holds a zero byte"),
    ],
)
def test_a_table_that_will_not_do_is_named_with_its_fault(tmp_path, content, message):
    path = table(tmp_path, content)
    with pytest.raises(CourseError, match=message) as raised:
        load_table(path)
    assert str(path) in str(raised.value)


def test_only_a_wanted_column_must_have_its_name_for_itself(tmp_path):
    path = table(tmp_path, "text,label,,,x,x\na,x,,,1,2\nb,y,,,1,2\n")
    assert len(load_table(path)) == 2
    assert "has 2 columns 'x'" in refusal(path, "text", "label", "x")


@pytest.mark.parametrize(
    ("content", "row", "line", "fault"),
    [
        ('text,label\na,x\nb,"y\n', "row 2", 3, "opens a quote"),
        ('"text,label\na,x\n', "", 1, "opens a quote"),
        ('text,label\n\n"a\nb",x\n"c,y\n', "row 3", 5, "opens a quote"),
        ('text,label\n"So" I say,x\n', "row 1", 2, "goes on after"),
        ('text,label\na,x\n"\\"b\\" c",y\n', "row 2", 3, "goes on after"),
        ('text,label\n"a,x\n' + "b " * 99_000, "row 1", 2, "opens a quote"),
    ],
    ids=["label", "heading", "after a long row", "in front", "backslash", "long"],
)  # fmt: skip
def test_a_quote_that_is_not_closed_or_not_doubled_is_named_with_its_row(
    tmp_path, content, row, line, fault
):
    path = table(tmp_path, content)
    where = f"{row} below the heading" if row else "the heading"
    assert f"{where} (from line {line}) of {path} {fault}" in refusal(path)


def test_another_encoding_is_named_with_its_line(tmp_path):
    path = table(tmp_path, "text,label\nja,x\nschön,x\nnein,y\n", "latin-1")
    assert f"line 3 of {path} is not written in UTF-8 (byte 0xf6)" in refusal(path)
    path.write_bytes(codecs.BOM_UTF16_LE + "text,label\n".encode("utf-16-le") + b"a")
    assert f"line 2 of {path} is not written in UTF-16" in refusal(path)
    assert "a zero byte, as UTF-16" in refusal(table(tmp_path, "text,label\na,x\n", "utf-16-le"))


def test_what_is_no_table_in_plain_text_is_called_by_its_name(tmp_path):
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})
    frame.to_parquet(tmp_path / "mine.csv")
    assert "is a Parquet file" in refusal(tmp_path / "mine.csv")
    frame.to_csv(tmp_path / "mine.csv", compression="gzip")
    assert "is packed with gzip" in refusal(tmp_path / "mine.csv")
    frame.to_csv(tmp_path / "mine.csv", compression="zip")
    assert "is an Excel workbook or a zip archive" in refusal(tmp_path / "mine.csv")


def test_a_missing_file_and_a_folder_are_not_told_as_an_encoding(tmp_path):
    table(tmp_path, "text,label\na,x\nb,y\n")
    assert refusal(tmp_path / "mein.csv").endswith("mein.csv: did you mean mine.csv?")
    assert "there is no file" in refusal(tmp_path / "no" / "mine.csv")
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("missing", ["", " ", "\u200b", *MISSING_AS_TEXT])
def test_a_missing_group_is_no_group_of_its_own(tmp_path, missing):
    path = table(tmp_path, f"text,label,who\na,x,1\nb,y,{missing}\nc,y,2\nd,x,{missing}\n")
    told = refusal(path, "text", "label", "who")
    assert "rows 2, 4 below the heading have no 'who'" in told


def test_a_class_may_be_called_none_and_a_text_anything(tmp_path):
    path = table(tmp_path, "text,label\nnan,None\nNone,some\n")
    assert load_table(path).class_names == ["None", "some"]


@pytest.mark.parametrize("other", ["pos ", "Pos", "\u00a0pos", "pos\u200b", "pos\t"])
def test_labels_that_look_alike_are_told_with_their_rows(tmp_path, other):
    path = table(tmp_path, f"text,label\na,pos\nb,neg\nc,{other}\nd,pos\n")
    told = refusal(path)
    assert f"{other!r} (row 3 below the heading)" in told
    assert "'pos' (rows 1, 4 below the heading)" in told and "'neg'" not in told


def test_1_and_1_point_0_are_one_label_and_15_another(tmp_path):
    path = table(tmp_path, "text,label\na,1\nb,1.0\nc,0\n")
    assert "'1' (row 1 below the heading) and '1.0' (row 2" in refusal(path)
    assert len(load_table(table(tmp_path, "text,label\na,1\nb,1.5\nc,10\n")).class_names) == 3


def test_groups_that_look_alike_are_told_but_codes_may_differ_in_case(tmp_path):
    path = table(tmp_path, "text,label,who\na,x,Ann\nb,y,Ann \nc,y,ann\n")
    told = refusal(path, "text", "label", "who")
    assert "'Ann' (row 1 below the heading) and 'Ann ' (row 2" in told and "'ann'" not in told
    path = table(tmp_path, "text,label,who\na,x,aB3\nb,y,ab3\n")
    assert load_table(path, group="who").groups.tolist() == ["aB3", "ab3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ""}, "give the name of a column, not ''"),
        ({"label": 1}, "give the name of a column, not 1"),
        ({"group": ""}, "give the name of a column, not ''"),
        ({"group": "label"}, "must be different columns"),
        ({"label": "text "}, "must be different columns"),
    ],
)
def test_columns_are_asked_for_by_different_names(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        load_table(table(tmp_path, "text,label\na,x\nb,y\n"), **options)
