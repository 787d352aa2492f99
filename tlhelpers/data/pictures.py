"""One picture of any kind as a square of red, green and blue in 8 bits."""

from __future__ import annotations

import warnings

import numpy as np
from PIL import ExifTags, Image, ImageOps

# All of these name themselves in their first bytes. Of formats that do not (TGA, PCX) any file
# could seem to be one, and EPS starts a program.
FORMATS = (
    "AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP",
)  # fmt: skip
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# White is the end of the shortest of these scales that holds the brightest value.
DEPTHS = (8, 10, 12, 14, 16)
FLOAT_WHITES = (1.0, 255.0, 65535.0)


def is_deep(image: Image.Image) -> bool:
    """Tell whether one gray value takes more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;")


def peak(image: Image.Image) -> float:
    """Find the brightest value of a deep picture.

    Raises
    ------
    ValueError
        If values are negative, missing or beyond 16 bits: then nothing says what is white.
    """
    values = np.asarray(image)
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= FLOAT_WHITES[-1]):
        raise ValueError(
            f"its gray values go from {low:g} to {high:g}, so nothing says which one is white: "
            "save it with 8 bits per colour"
        )
    return float(high)


def orientation(image: Image.Image) -> int | None:
    """Read how the camera was held, 1 to 8 as in EXIF; None where a damaged field hides it."""
    image.load()  # a TIFF is turned while it is loaded, a PNG may have its EXIF data at the end
    try:
        held = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # whatever a damaged field brings Pillow to raise
        return None
    return (held or 1) if held in range(9) else None  # 0 says that it is not known


def resized(image: Image.Image, size: int, brightest: float | None = None) -> np.ndarray:
    """Cut and scale a picture to a square.

    Parameters
    ----------
    image : Image
        It is turned as EXIF says, where that can be read; of an animation the first frame is
        taken. Where it is transparent, it becomes white.
    size : int
        The shorter side is scaled to this many pixels, and the middle square is kept.
    brightest : float, optional
        Of the pictures with more than 8 bits per gray value that belong together, the brightest
        value (see `peak`); of this picture alone when left out. Many cameras put 12 bits into files
        of 16: it tells how many bits are in use.

    Returns
    -------
    uint8 array, shape (size, size, 3)

    Raises
    ------
    ValueError
        If nothing says which of its values is white.
    """
    upper_bytes = _keeps_upper_bytes(image)
    held = orientation(image)
    if held is None:
        warnings.warn("its EXIF data are damaged, so it is not turned", stacklevel=2)
    if held in TURNS:
        image = image.transpose(TURNS[held])
    if upper_bytes and max(high for _, high in image.getextrema()) < 2**4:
        raise ValueError(
            "it holds at most 12 bits per colour in a file for 16, and only the upper 8 of the 16 "
            "can be read: save it with 8 bits per colour"
        )
    if is_deep(image):
        image = _in_eight_bits(image, peak(image) if brightest is None else brightest)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC))


def _keeps_upper_bytes(image: Image.Image) -> bool:
    """Tell whether Pillow reads 16 bits per colour and keeps 8 of them."""
    tiles = getattr(image, "tile", ())
    return not is_deep(image) and any(";16" in str(tile.args) for tile in tiles)


def _in_eight_bits(image: Image.Image, brightest: float) -> Image.Image:
    values = np.asarray(image)
    if values.dtype.kind == "f":
        white = next(white for white in FLOAT_WHITES if brightest <= white)
        return Image.fromarray((values * (255 / white)).round().astype(np.uint8))
    depth = next(bits for bits in DEPTHS if brightest < 2**bits)
    return Image.fromarray((values >> (depth - 8)).astype(np.uint8))
