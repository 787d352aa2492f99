"""Sets of real photographs that torchvision knows, for those who have a network."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tlhelpers.checks import known, whole
from tlhelpers.data.downloads import download
from tlhelpers.data.images import ImageSet
from tlhelpers.data.pictures import resized
from tlhelpers.errors import CourseError
from tlhelpers.setup import locks
from tlhelpers.setup.paths import PARTIAL, derived_dir


@dataclass(frozen=True)
class PhotographSet:
    """What is told of a set before it is fetched, and how torchvision names its parts."""

    title: str
    kind: str
    splits: tuple[str, ...]
    megabytes: int
    licence: str


PHOTOGRAPH_SETS = {
    "pets": PhotographSet(
        "Oxford-IIIT Pet: 7,349 photographs of 37 breeds of cats and dogs",
        "OxfordIIITPet",
        ("trainval", "test"),
        811,
        "CC BY-SA 4.0, and the pictures stay their owners' (Parkhi et al. 2012)",
    ),
    "imagenette": PhotographSet(
        "Imagenette: 13,394 photographs of ten classes of ImageNet, 320 px",
        "Imagenette",
        ("train", "val"),
        342,
        "the list is under Apache-2.0; ImageNet's photographs have owners and are for research "
        "and teaching that earns nothing. A network trained on ImageNet has seen most of them",
    ),
    "flowers": PhotographSet(
        "Flowers-102: 8,189 photographs of 102 kinds of flowers",
        "Flowers102",
        ("train", "val", "test"),
        345,
        "its makers name none: read them, do not pass them on (Nilsback and Zisserman 2008)",
    ),
}


def load_photographs(
    name: str = "pets",
    size: int = 224,
    per_class: int | None = 20,
    seed: int = 0,
    echo: Callable[[str], object] = print,
) -> ImageSet:
    """Real photographs of a public set; it is fetched once, which needs a network.

    Parameters
    ----------
    name : {"pets", "imagenette", "flowers"}
        Oxford-IIIT Pet [1]_, Imagenette, or Flowers-102 [2]_, through torchvision's data sets.
        Licence and size are told before anything is fetched. Each file is compared with the hash
        that torchvision tells, and kept in the course's cache.
    size : int
        The shorter side is scaled to this many pixels and the middle square is kept.
    per_class : int, optional
        At most so many pictures of each class, drawn at random out of all parts of the set; all of
        them when left out. A picture of 224 px takes 150 kB of memory.
    seed : int
        Draws the pictures.
    echo : callable
        Takes each line that is told.

    Returns
    -------
    ImageSet
        Every photograph is its own group, but equal ones are one group.

    Raises
    ------
    CourseError
        If the set is not in the cache and cannot be fetched whole: there is no network, or the
        server breaks off, is too slow or sends something else.
    ValueError
        If the name is unknown, or `size` or `per_class` is no whole number from 1 on.

    References
    ----------
    .. [1] Parkhi et al., Cats and dogs, CVPR 2012.
    .. [2] Nilsback and Zisserman, Automated flower classification over a large number of classes,
       ICVGIP 2008.
    """
    known("set of photographs", name, PHOTOGRAPH_SETS)
    size = whole("size", size)
    per_class = None if per_class is None else whole("per_class", per_class)
    seed = whole("seed", seed, 0)
    root = _fetched(name, echo)
    files, labels, class_names = _listed(name, root)
    chosen = _drawn(labels, per_class, seed, name)
    pixels, read = _read([files[i] for i in chosen], size, PHOTOGRAPH_SETS[name].title)
    kept = [chosen[i] for i in read]
    groups = [files[i].relative_to(root).as_posix() for i in kept]
    images = ImageSet(pixels, labels[kept], class_names, groups, name)
    return _equal_ones_joined(images)


# ---------------------------------------------------------------- the files of a set


def _fetched(name: str, echo: Callable[[str], object]) -> Path:
    """The folder in which torchvision finds the set; it is fetched unless it is there."""
    place = derived_dir("photographs")
    folder = place / name
    if folder.is_dir():
        return folder
    told = PHOTOGRAPH_SETS[name]
    echo(f"{told.title}. Licence: {told.licence}.")
    echo(f"About {told.megabytes:,} MB are fetched to {place}, once.")
    waiting = "Another program is fetching it; waiting until it is done."
    with locks.held(place / f"{name}.lock", lambda: echo(waiting)):
        if not folder.is_dir():
            archives = place / f"{name}-archives"
            files = [
                download(url, archives / url.rpartition("/")[2], "md5", md5, told.title)
                for url, md5, _ in _resources(name)
            ]
            _unpack(name, files, folder)
            shutil.rmtree(archives, ignore_errors=True)
    return folder


def _unpack(name: str, files: list[Path], folder: Path) -> None:
    """Have torchvision unpack the files; the folder has its name only when all is there.

    torchvision takes a folder that was unpacked in part for a whole one.
    """
    start = f"{PARTIAL}{name}-"
    for left in folder.parent.glob(f"{start}*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    root = Path(tempfile.mkdtemp(prefix=start, dir=folder.parent))
    try:
        for file, (_, _, below) in zip(files, _resources(name), strict=True):
            (root / below).mkdir(exist_ok=True)
            _put(file, root / below / file.name)
        _open_all(name, root, download=True)  # it finds the archives and fetches none
        for archive in [*root.glob("*.t*gz"), *root.glob("*/*.t*gz")]:
            archive.unlink()
        root.replace(folder)
    # A full disk, or an archive that is none in spite of its hash.
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, tarfile.TarError) as error:
        raise CourseError(
            f"{PHOTOGRAPH_SETS[name].title} could not be unpacked to {folder.parent} ({error})"
        ) from error
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _put(file: Path, path: Path) -> None:
    """A second name for a file, or a copy where the system has no links."""
    try:
        path.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, path)


def _resources(name: str) -> list[tuple[str, str, str]]:
    """Address, MD5, and folder below the root of each file, as torchvision tells them."""
    kind = _kind(name)
    if name == "pets":
        return [(url, md5, "oxford-iiit-pet") for url, md5 in kind._RESOURCES]
    if name == "imagenette":
        url, md5 = kind._ARCHIVES["320px"]
        return [(url, md5, "")]
    prefix = kind._download_url_prefix
    return [(prefix + file, md5, "flowers-102") for file, md5 in kind._file_dict.values()]


def _kind(name: str):
    from torchvision import datasets

    return getattr(datasets, PHOTOGRAPH_SETS[name].kind)


def _open_all(name: str, root: Path, download: bool = False) -> list:
    """torchvision's data sets, one per part."""
    options = {"size": "320px"} if name == "imagenette" else {}
    kind = _kind(name)
    return [
        kind(root, split=split, download=download, **options)
        for split in PHOTOGRAPH_SETS[name].splits
    ]


def _listed(name: str, root: Path) -> tuple[list[Path], np.ndarray, list[str]]:
    """Files, labels and class names of all parts; a class that a part lacks keeps its number."""
    try:
        parts = _open_all(name, root)
        pairs = [pair for part in parts for pair in _pairs(name, part)]
        class_names = [_first(each) for each in parts[0].classes]
        if not pairs:
            raise ValueError("it holds no pictures")
    except (OSError, RuntimeError, ValueError, KeyError, IndexError) as error:
        raise CourseError(
            f"the photographs in {root} are not whole ({error}): remove that folder and run the "
            "same again, which fetches them anew"
        ) from error
    return [Path(file) for file, _ in pairs], np.array([label for _, label in pairs]), class_names


def _pairs(name: str, part) -> list[tuple[Path, int]]:
    if name == "imagenette":
        return part._samples
    files = part._images if name == "pets" else part._image_files
    return list(zip(files, part._labels, strict=True))


def _first(names: str | tuple[str, ...]) -> str:
    return names if isinstance(names, str) else names[0]


# ---------------------------------------------------------------- pictures


def _drawn(labels: np.ndarray, per_class: int | None, seed: int, name: str) -> list[int]:
    """Places of at most so many items of each class, in the order of the set.

    A larger limit keeps what a smaller one draws.
    """
    order = np.random.default_rng([seed, *name.encode()]).permutation(len(labels))
    chosen = [order[labels[order] == label][:per_class] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen)).tolist()


def _read(files: list[Path], size: int, title: str) -> tuple[np.ndarray, list[int]]:
    """Pixels, and the places of the files that they come from."""
    pixels, read, damaged = np.empty((len(files), size, size, 3), np.uint8), [], []
    for place, file in enumerate(files):
        try:
            with Image.open(file, formats=("JPEG", "PNG", "GIF")) as image:
                pixels[len(read)] = resized(image, size)
            read.append(place)
        except Exception as error:  # a damaged picture brings Pillow to raise anything
            damaged.append(f"{file.name} ({str(error) or type(error).__name__})")
    if damaged:
        warnings.warn(
            f"{title}: {len(damaged)} picture(s) that cannot be read are left out: "
            f"{', '.join(damaged[:10])}",
            stacklevel=3,
        )
    if not read:
        raise CourseError(f"{title}: none of {len(files)} pictures can be read: {damaged[0]}")
    return pixels[: len(read)], read


def _equal_ones_joined(images: ImageSet) -> ImageSet:
    """The same set, in which pictures with the same pixels are in the group of the first."""
    first: dict[str, str] = {}
    pairs = zip(images.fingerprints, images.groups, strict=True)
    groups = [first.setdefault(key, group) for key, group in pairs]
    return ImageSet(images.pixels, images.labels, images.class_names, groups, images.domain)
