"""Tables of a benchmark: stored with what made them, read back as they were."""

import pytest

from tlhelpers.errors import CourseError
from tlhelpers.experiments import timings


def test_what_was_stored_is_read_back_with_its_provenance(tmp_path, monkeypatch):
    monkeypatch.setattr(timings, "repo_root", lambda: tmp_path)
    (tmp_path / "data" / "results").mkdir(parents=True)
    rows = [{"way": "a, b", "seconds": 1.25}, {"way": "c", "seconds": 0.5}]
    path = timings.store_timings("speeds", rows, "python speeds.py --rounds 2: twice")
    found = timings.load_timings("speeds")
    assert path.name == "speeds.csv" and found.to_dict("records") == rows
    assert found.attrs["command"] == "python speeds.py --rounds 2: twice"
    assert set(found.attrs) == {"command", "date", "processor"}


def test_a_table_that_is_not_there_says_what_makes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(timings, "repo_root", lambda: tmp_path)
    with pytest.raises(CourseError, match=r"no speeds.csv: run .*benchmarks/speeds.py --record"):
        timings.load_timings("speeds")
