"""A learner's table of texts: what comes back, and what is refused."""

import numpy as np
import pytest

from tlhelpers.data.tables import load_table
from tlhelpers.errors import CourseError


def table(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "mine.csv"
    path.write_bytes(content.encode(encoding))
    return path


def test_ones_own_table_is_read_with_its_classes_in_order(tmp_path):
    path = table(tmp_path, 'text,label\n"Well, fine",yes\nno way,no\nNO WAY!,no\nNA,yes\n')
    found = load_table(path)
    assert found.texts.tolist() == ["Well, fine", "no way", "NO WAY!", "NA"]
    assert found.class_names == ["no", "yes"] and found.labels.tolist() == [1, 0, 0, 1]
    assert found.groups[1] == found.groups[2] and len(set(found.groups)) == 3
    assert np.isnan(found.scores).all() and found.domain == "mine"


def test_a_mark_at_the_start_of_the_file_and_line_ends_of_windows_do_no_harm(tmp_path):
    path = table(tmp_path, '\ufefftext,label\r\n"two\r\nlines",x\r\nb,y\r\n')
    assert load_table(path).texts.tolist() == ["two\r\nlines", "b"]


def test_a_column_can_say_what_belongs_together(tmp_path):
    path = table(tmp_path, "satz,klasse,autor\na b,x,1\nc d,y,1\ne f,x,2\n")
    assert load_table(path, "satz", "klasse", "autor").groups.tolist() == ["1", "1", "2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,lable\na,b\n", "has no column 'label': did you mean lable"),
        ("text,label\na,x\n ,y\n", "row 2 below the heading has no 'text'"),
        ("text,label\na,x\nb,\n", "row 2 below the heading has no 'label'"),
        ("text,label\na,x\nb,x\n", "needs at least two classes"),
        ("", "save it as CSV in UTF-8"),
        ('text,label\na,x\nb,"y\n', "save it as CSV in UTF-8"),
        ("text,label\nno, thanks,x\nb,y\n", "row 1 below the heading has 3 fields, not 2: put a"),
        ("text,label\na,x\nb\n", "row 2 below the heading has 1 fields, not 2"),
        ("text,label\n", "needs at least two classes"),
    ],
)
def test_a_table_that_will_not_do_is_named_with_its_fault(tmp_path, content, message):
    path = table(tmp_path, content)
    with pytest.raises(CourseError, match=message) as raised:
        load_table(path)
    assert str(path) in str(raised.value)


def test_another_encoding_and_a_missing_file_are_told(tmp_path):
    path = table(tmp_path, "text,label\nschön,x\nnein,y\n", "latin-1")
    for one in (path, tmp_path / "none.csv"):
        with pytest.raises(CourseError, match="save it as CSV in UTF-8"):
            load_table(one)
