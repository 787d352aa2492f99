"""One picture of any kind: how it is turned, and which of its values is white."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tlhelpers.data.pictures import FORMATS, TURNS, orientation, resized

calm = settings(deadline=None, max_examples=25)
COLOURS = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
GRAY = COLOURS[..., 0]


def saved(image: Image.Image, kind: str = "PNG", **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file


def deep_png(values: np.ndarray) -> io.BytesIO:
    """A PNG with 16 bits per colour, which Pillow cannot write: values of shape (h, w, 3 or 4)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width, colours = values.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[colours], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def read(file, size: int = 16, brightest: float | None = None) -> np.ndarray:
    with Image.open(file, formats=FORMATS) as image:
        return resized(image, size, brightest)


# How the camera was held -----------------------------------------------------------------


def exif(*fields: tuple[int, int, int, bytes], order: str = "<") -> bytes:
    """EXIF data by hand: of each field its number, type, count and four bytes of value."""
    mark = {"<": b"II", ">": b"MM"}[order]
    listed = b"".join(struct.pack(order + "HHI", *field[:3]) + field[3] for field in fields)
    head = mark + struct.pack(order + "HIH", 42, 8, len(fields))
    return b"Exif\0\0" + head + listed + struct.pack(order + "I", 0)


def held(value: int, order: str = "<") -> tuple[int, int, int, bytes]:
    return (0x0112, 3, 1, struct.pack(order + "HH", value, 0))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("value", range(9))
def test_a_picture_is_turned_as_pillow_turns_it(kind, value):
    tags = Image.Exif()
    tags[0x0112] = value
    picture = Image.fromarray(np.kron(COLOURS[:3, :2], np.ones((8, 8, 1), np.uint8)))
    file = saved(picture, kind, exif=tags)
    with Image.open(file) as image:
        turned = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    size = min(turned.shape[:2])
    cut = ImageOps.fit(Image.fromarray(turned), (size, size), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(read(file, size), np.asarray(cut))


def signed(value: int) -> bytes:
    return struct.pack("<i", value)


DAMAGES = {
    "a place before the file": (0x8769, 9, 1, signed(-5)),
    "a place after the file": (0x8825, 4, 1, signed(10**6)),
    "a circle": (0x8769, 4, 1, signed(8)),
    "a width that is a text": (0x0100, 2, 3, b"ab\0\0"),
    "a unit that is a text": (0x0128, 2, 3, b"ab\0\0"),
    "a date that is a number": (0x0132, 11, 1, struct.pack("<f", 1.5)),
    "a strip that is a text": (0x0111, 2, 3, b"ab\0\0"),
    "a pointer that is a text": (0xA005, 2, 3, b"ab\0\0"),
    "an unknown type": (0x010F, 99, 1, signed(0)),
    "a count beyond the file": (0x010F, 2, 2**31, signed(0)),
    "nought by nought": (0x011A, 5, 0, signed(0)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("value", [3, 6])
def test_another_damaged_field_does_not_keep_a_picture_from_being_turned(damage, kind, value):
    file = saved(Image.fromarray(COLOURS), kind, exif=exif(held(value), DAMAGES[damage]))
    with Image.open(file) as image:
        turned = np.asarray(image.convert("RGB").transpose(TURNS[value]))
    np.testing.assert_array_equal(read(file), turned)


@pytest.mark.parametrize("field", [(0x0112, 2, 3, b"ab\0\0"), held(9), held(65535)], ids=str)
def test_where_the_rotation_itself_is_damaged_the_picture_stays_as_stored_and_says_so(field):
    file = saved(Image.fromarray(COLOURS), exif=exif(field))
    with Image.open(file) as image:
        assert orientation(image) is None
    with pytest.warns(UserWarning, match="EXIF data are damaged, so it is not turned"):
        np.testing.assert_array_equal(read(file), COLOURS)


@calm
@given(st.data())
def test_whatever_stands_in_the_exif_data_the_picture_is_read(data):
    good = exif(held(6), (0x010F, 2, 3, b"ab\0\0"), (0x8769, 4, 1, signed(8)))
    places = st.integers(6, len(good) - 1)
    block = bytearray(good)
    for place in data.draw(st.sets(places, min_size=1, max_size=6)):
        block[place] = data.draw(st.integers(0, 255))
    block = bytes(block[: data.draw(places | st.just(len(good)))])
    file = saved(Image.fromarray(COLOURS), data.draw(st.sampled_from(["PNG", "WEBP"])), exif=block)
    with Image.open(file) as image:
        stored = image.convert("RGB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = read(file)
    ways = [stored, *(stored.transpose(turn) for turn in TURNS.values())]
    assert any(np.array_equal(pixels, way) for way in ways)


# More than 8 bits per colour -------------------------------------------------------------


def as_gray(pixels: np.ndarray) -> np.ndarray:
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("PNG", "<u2"), ("TIFF", "<u2"), ("TIFF", ">u2"), ("TIFF", "<i4"), ("JPEG2000", "<u2")],
)
def test_gray_of_any_depth_in_a_deep_file_keeps_its_light(kind, dtype, bits):
    values = GRAY.astype(dtype) << (bits - 8)
    values[0, 0] = 2**bits - 1
    if dtype == ">u2":
        file = io.BytesIO(big_endian_tiff(values))
    else:
        options = {"irreversible": False} if kind == "JPEG2000" else {}
        file = saved(Image.fromarray(values), kind, **options)
    gray = as_gray(read(file))
    np.testing.assert_array_equal(gray.ravel()[1:], GRAY.ravel()[1:])
    assert gray[0, 0] == 255


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_a_value_that_needs_one_bit_more_is_the_brightest(bits):
    values = np.linspace(0, 2**bits, 256).round().astype(np.uint16).reshape(16, 16)
    gray = as_gray(read(saved(Image.fromarray(values)))).astype(int).ravel()
    assert (np.diff(gray) >= 0).all() and gray[-1] in (64, 128)


def big_endian_tiff(values: np.ndarray) -> bytes:
    """A TIFF as microscopes write it: one strip of 16 bits per value, high byte first."""
    height, width = values.shape
    fields = [(256, width), (257, height), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1)]
    fields += [(278, height), (279, values.size * 2)]
    data = values.astype(">u2").tobytes()
    listed = b"".join(struct.pack(">HHII", number, 4, 1, value) for number, value in fields)
    head = b"MM" + struct.pack(">HI", 42, 8 + len(data))
    return head + data + struct.pack(">H", len(fields)) + listed + struct.pack(">I", 0)


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_gray_in_decimals_keeps_its_light(white):
    values = (GRAY * (white / 255)).astype(np.float32)
    values[0, 0] = white
    gray = as_gray(read(saved(Image.fromarray(values), "TIFF")))
    np.testing.assert_array_equal(gray.ravel()[1:], GRAY.ravel()[1:])


def test_a_dark_picture_among_brighter_ones_stays_dark():
    dark = Image.fromarray((GRAY // 16).astype(np.uint16) << 4)  # at most 240 of 4,095
    alone, among = (read(saved(dark), brightest=top) for top in (None, 4000))
    assert alone.max() > 200
    np.testing.assert_array_equal(as_gray(among), GRAY // 16)
    assert read(saved(Image.fromarray(np.zeros((16, 16), np.uint16)))).max() == 0


@pytest.mark.parametrize(
    ("values", "span"),
    [
        (np.array([[-1, 5], [6, 7]], np.int32), "from -1 to 7"),
        (np.array([[0, 5], [6, 70000]], np.int32), "from 0 to 70000"),
        (np.array([[-0.5, 0.5], [0, 0]], np.float32), "from -0.5 to 0.5"),
        (np.array([[0, 0.5], [0, np.inf]], np.float32), "from 0 to inf"),
        (np.array([[0, 0.5], [0, np.nan]], np.float32), "from nan to nan"),
    ],
)
def test_values_that_do_not_say_which_is_white_are_refused(values, span):
    with pytest.raises(ValueError, match=f"{span}, so nothing says which one is white: save it"):
        read(saved(Image.fromarray(values), "TIFF"))


def test_colours_of_16_bits_keep_their_light_and_of_12_bits_are_refused():
    deep = COLOURS.astype(np.uint16) << 8
    np.testing.assert_array_equal(read(deep_png(deep)), COLOURS)
    for bits in (8, 10, 12):
        with pytest.raises(ValueError, match="at most 12 bits per colour in a file for 16"):
            read(deep_png(deep >> (16 - bits)))


def test_a_black_drawing_on_nothing_is_no_dark_picture():
    drawing = np.zeros((16, 16, 4), np.uint16)
    drawing[4:12, 4:12, 3] = 65535
    pixels = read(deep_png(drawing))
    assert pixels[5:11, 5:11].max() == 0 and pixels[:3].min() == 255


# What it comes as ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM",
                                  "TIFF", "WEBP"])  # fmt: skip
def test_every_format_that_is_named_is_read(kind):
    smooth = np.asarray(Image.fromarray(COLOURS[:4, :4]).resize((32, 32), Image.Resampling.BICUBIC))
    pixels = read(saved(Image.fromarray(smooth), kind), 32)
    assert kind in FORMATS
    assert np.abs(pixels.astype(int) - smooth).mean() < 12


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.fromarray(np.full((16, 16, 3), gray, np.uint8)) for gray in (10, 200)]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        file = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert np.abs(read(file).astype(int) - 10).max() < 4
