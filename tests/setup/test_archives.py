"""An archive that is damaged, encrypted, a bomb, or that leads out of a folder is refused."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile

import pytest
import tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlhelpers.errors import CourseError
from tlhelpers.setup import archives, paths, pins, sources

KINDS = ["tinydata-1.0-py3-none-any.whl", "tinydata-1.0.tar.gz"]
HELD = {"tinydata/a.txt": b"a" * 500, "tinydata/b.bin": bytes(range(256)) * 20}


@pytest.fixture
def cache(tmp_path, monkeypatch, empty_cache):
    """An empty cache of a course whose one package is `tinydata`."""
    root = tiny.course(tmp_path / "course")
    (root / "data/packages.txt").write_text(f"tinydata==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(pins, "repo_root", lambda: root)
    return paths.cache_dir()


def put_zip(path, held=HELD, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            info = zipfile.ZipInfo("placeholder")
            info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED
            for option, value in options.items():
                setattr(info, option, value)
            archive.writestr(info, data)
    return path


def put_tar(path, held=HELD, **options):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in held.items():
            info = tarfile.TarInfo(name)
            for option, value in options.items():
                setattr(info, option, value)
            info.size = 0 if options else len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def put(path, held=HELD):
    return (put_zip if path.suffix == ".whl" else put_tar)(path, held)


def refusal():
    """What a learner reads."""
    with pytest.raises(CourseError) as caught:
        for name in sources.members("tinydata"):
            sources.read_member("tinydata", name)
    assert "run `python3 -m tlhelpers fetch`" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_harmless_archive_is_read(cache, kind):
    put(cache / kind)
    assert {name: sources.read_member("tinydata", name) for name in HELD} == HELD


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["../up.txt", "a/../../up.txt", "..", "/etc/absolute", "C:/drive", "c:drive", "a\\b", "..\\up"],
)
def test_a_name_that_leads_out_of_a_folder_is_refused(cache, kind, name):
    put(cache / kind, {**HELD, name: b"x"})
    assert f"{name!r} in it leads out of a folder" in refusal()


@pytest.mark.parametrize("kind", KINDS)
def test_names_with_dots_that_stay_inside_are_read(cache, kind):
    put(cache / kind, {"a/..b/c..txt": b"x", "...": b"y"})
    assert sources.members("tinydata") == ["...", "a/..b/c..txt"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, b"3"])
def test_links_and_devices_in_a_tar_are_refused(cache, kind):
    put_tar(cache / KINDS[1], {"tinydata/link": b""}, type=kind, linkname="/etc/passwd")
    assert "'tinydata/link' in it is a link or a device" in refusal()


def test_links_in_a_zip_are_refused(cache):
    put_zip(cache / KINDS[0], {"tinydata/link": b"/etc/passwd"}, external_attr=0o120777 << 16)
    assert "'tinydata/link' in it is a link" in refusal()


def test_an_encrypted_member_is_refused(cache):
    path = put_zip(cache / KINDS[0])
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1  # as an encrypting program sets it
    path.write_bytes(content)
    assert "is encrypted" in refusal()


def test_an_unusual_compression_is_refused(cache):
    with zipfile.ZipFile(cache / KINDS[0], "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("tinydata/a.txt", b"a" * 500)
    assert "compressed in an unusual way" in refusal()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_stands_twice_is_refused(cache, kind):
    path = cache / kind
    if path.suffix == ".whl":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "one")
            archive.writestr("a.txt", "two")
    else:
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("a.txt"))
            archive.addfile(tarfile.TarInfo("a.txt"))
    assert "it holds 'a.txt' twice" in refusal()


@pytest.fixture
def small(monkeypatch):
    """A limit that a test reaches in no time, and a watch over the memory that is used."""
    monkeypatch.setattr(archives, "MOST", 2**20)
    tracemalloc.start()
    yield
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 2**20


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_refused_before_it_unfolds(cache, small, kind):
    path = cache / kind
    zeros = gzip.compress(bytes(2**16)) * 1000  # 64 MB
    if path.suffix == ".whl":
        put_zip(path, {f"{number}.bin": bytes(2**18) for number in range(5)})
    else:
        info = tarfile.TarInfo("bomb.bin")
        info.size = 1000 * 2**16
        path.write_bytes(gzip.compress(info.tobuf()) + zeros)
    assert path.stat().st_size < 2**17
    assert "unfolds to more than" in refusal()


def test_a_zip_whose_header_hides_the_bomb_is_refused(cache, small):
    path = put_zip(cache / KINDS[0], {"a.bin": bytes(64 * 2**20)})
    tracemalloc.clear_traces()
    tracemalloc.reset_peak()
    content = path.read_bytes()
    place = content.index(b"PK\x01\x02") + 24
    path.write_bytes(content[:place] + struct.pack("<I", 100) + content[place + 4 :])
    assert "is damaged" in refusal()


def test_a_tar_whose_header_asks_for_a_gigabyte_is_refused(cache, small):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**30
    (cache / KINDS[1]).write_bytes(gzip.compress(info.tobuf()) + gzip.compress(bytes(2**20)) * 64)
    assert "unfolds to more than" in refusal()


def test_every_archive_of_the_course_is_far_below_the_limit():
    for package in pins.packages():
        path = sources.archive(package.name)
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as archive:
                assert sum(info.file_size for info in archive.infolist()) < archives.MOST / 4
        assert sources.members(package.name)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    kind=st.sampled_from(KINDS),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=3),
    share=st.sampled_from([1.0, 1.0, 0.9, 0.5, 0.01]),
)
def test_damage_is_one_clear_error_and_never_another_content(cache, kind, changes, share):
    for old in cache.glob("tinydata*"):
        old.unlink()
    path = put(cache / kind)
    content = bytearray(path.read_bytes())
    for place, data in changes:
        start = int(place * len(content))
        content[start : start + len(data)] = data
    path.write_bytes(content[: int(len(content) * share)])
    archives.open_archive.cache_clear()
    try:
        found = {
            name: sources.read_member("tinydata", name) for name in sources.members("tinydata")
        }
    except CourseError as error:
        assert str(path) in str(error)
    else:
        assert all(data in HELD.values() for data in found.values())
