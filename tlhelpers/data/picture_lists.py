"""Which pictures there are, of which class: out of folders, or out of a table of paths."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tlhelpers.data.groups import missing_groups
from tlhelpers.data.label_spellings import in_order, is_missing_label, join_spellings
from tlhelpers.data.names import look_alikes, visible
from tlhelpers.data.picture_tables import TABLES, read_picture_table
from tlhelpers.data.reading import Reading, name_some
from tlhelpers.data.walking import entries, files_below, is_readable_file, name_below, readable
from tlhelpers.errors import CourseError

# Names of parts of one set, each of which holds the same classes.
PARTS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
OUTSIDE = "that lead out of the folder, and so are refused: copy them into it"
HIDDEN = "that are hidden or a system's own"
NO_CLASS = "in no sub-folder of a class"


@dataclass
class Listed:
    """Files with a name for messages and a label each; `groups` are those of a table's column."""

    files: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    groups: list[str] | None = None
    classes: list[str] = field(default_factory=list)
    title: str = "unnamed"

    def add(self, files: Iterable[Path], root: Path, label: str) -> None:
        """Append files of one class, named by their path below `root`."""
        for file in files:
            self.files.append(str(file))
            self.names.append(name_below(file, root))
            self.labels.append(label)

    def take(self, places: Sequence[int]) -> Listed:
        """The same of some of the files."""
        parts = [
            None if values is None else [values[place] for place in places]
            for values in (self.files, self.names, self.labels, self.groups)
        ]
        return Listed(*parts, self.classes, self.title)


class _Listener:
    """Notes what a walk meets and does not give, and keeps it inside the folder."""

    def __init__(self, root: Path, reading: Reading):
        self.root, self.reading = root, reading
        self.forget_entered()

    def forget_entered(self, known: Iterable[Path] = ()) -> None:
        """Start anew, with folders that are read by themselves."""
        self.entered = {self.root, *(folder.resolve() for folder in known)}

    def leave_out(self, file: Path, reason: str, detail: object = "") -> None:
        """Note that a file or folder is not read."""
        name = name_below(file, self.root) if file != self.root else readable(file)
        self.reading.leave_out(name, reason, readable(detail))

    def pass_over(self, file: Path) -> None:
        """Note a file or folder that is hidden or belongs to a system."""
        self.leave_out(file, HIDDEN)

    def may_enter(self, place: Path, resolved: Path) -> bool:
        """Refuse what lies outside, and what would be read twice."""
        if not resolved.is_relative_to(self.root):
            self.leave_out(place, OUTSIDE)
        elif resolved == self.root:
            self.leave_out(place, "that lead back to a folder above")
        elif resolved in self.entered:
            self.leave_out(place, "that lead to what was read already")
        else:
            self.entered.add(resolved)
            return True
        return False


def list_pictures(path, reading: Reading, columns: Mapping[str, str | None]) -> Listed:
    """The files of a folder or table, by class; `columns` name those of the table."""
    path = _existing(path)
    if path.is_dir():
        if named := [f"{name}=…" for name, column in columns.items() if column is not None]:
            raise CourseError(
                f"{readable(path)} is a folder, which has no columns: leave out "
                f"{' and '.join(named)}, or give a table of paths and labels"
            )
        return _list_folder(path, reading)
    return _list_table(path, reading, columns)


def list_unlabelled(paths: Sequence, reading: Reading, picture: str | None) -> Listed:
    """The files of pictures, folders and tables; their labels are empty texts."""
    listed = Listed()
    for given in paths:
        try:
            path = _existing(given)
        except CourseError:
            reading.leave_out(readable(given), "that are not there")
            continue
        if path.is_dir():
            listed.add(files_below(path, _Listener(path, reading)), path, "")
        elif path.suffix.lower() in TABLES:
            rows = _list_table(path, reading, {"picture": picture, "label": "", "group": None})
            listed.files += rows.files
            listed.names += rows.names
            listed.labels += rows.labels
        else:
            listener = _Listener(path.parent, reading)
            if is_readable_file(path, path.stat(), listener):
                listed.add([path], path.parent, "")
        listed.title = name_below(path)
    _make_names_differ(listed.names)
    return listed


def _make_names_differ(names: list[str]) -> None:
    """Pictures of one name out of several folders get a number."""
    counts = Counter(names)
    met: Counter[str] = Counter()
    for place, name in enumerate(names):
        if counts[name] > 1:
            met[name] += 1
            names[place] = f"{name} ({met[name]})"


def _existing(path) -> Path:
    try:
        resolved = Path(path).expanduser().resolve()
        resolved.stat()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CourseError(readable(f"cannot open {path} ({reason})")) from error
    return resolved


# ---------------------------------------------------------------- folders


def _list_folder(root: Path, reading: Reading) -> Listed:
    listener = _Listener(root, reading)
    folders = _class_folders(root, listener)
    spelling = _spellings_of_folders([name for name, _ in folders], reading)
    listed = Listed(title=name_below(root) or "unnamed")
    for name, folder in sorted(folders, key=lambda pair: spelling[pair[0]]):
        listener.forget_entered(folder for _, folder in folders)
        listed.add(files_below(folder, listener), root, spelling[name])
    listed.classes = in_order(spelling.values())
    return listed


def _class_folders(root: Path, listener: _Listener) -> list[tuple[str, Path]]:
    """Names and folders of the classes; one that is in several parts of the set comes as often."""
    folders = _sub_folders(root, listener)
    parts = {part: _sub_folders(part, _Silent(root)) for part in folders if _is_part(part)}
    if folders and len(parts) == len(folders) and _hold_same_classes(parts):
        return _joined_parts(parts, listener)
    names = sorted({visible(readable(folder.name)) for folder in folders})
    if len(names) < 2:
        raise CourseError(_too_few(root, folders, listener.reading))
    if len(parts) == len(folders):
        listener.reading.notes.append(
            f"The classes are called {', '.join(names)}: if these are parts of one set, give one "
            "of them."
        )
    return [(readable(folder.name), folder) for folder in folders]


class _Silent(_Listener):
    """For a first look: all is told when the folder is read."""

    def __init__(self, root: Path):
        super().__init__(root, Reading(""))


def _sub_folders(folder: Path, listener: _Listener) -> list[Path]:
    folders = []
    # A link to a folder beside it must not give that one its name.
    for path, properties in sorted(entries(folder, listener), key=lambda one: one[0].is_symlink()):
        if not stat.S_ISDIR(properties.st_mode):
            listener.leave_out(path, NO_CLASS)
        elif not visible(readable(path.name)):
            listener.leave_out(path, "whose name cannot be seen, so that it names no class")
        elif listener.may_enter(path, path.resolve()):
            folders.append(path)
    return folders


def _is_part(folder: Path) -> bool:
    return visible(folder.name).lower() in PARTS


def _hold_same_classes(parts: Mapping[Path, Sequence[Path]]) -> bool:
    """Tell whether two parts share two classes, or one alone has classes."""
    counts = Counter(folder.name for folders in parts.values() for folder in folders)
    with_classes = sum(bool(folders) for folders in parts.values())
    return sum(count > 1 for count in counts.values()) > 1 or (
        with_classes == 1 and len(counts) > 1
    )


def _joined_parts(
    parts: Mapping[Path, Sequence[Path]], listener: _Listener
) -> list[tuple[str, Path]]:
    listener.forget_entered()
    found = [(readable(f.name), f) for part in parts for f in _sub_folders(part, listener)]
    names = sorted({visible(name) for name, _ in found})
    if len(names) < 2:
        raise CourseError(
            _too_few(listener.root, [folder for _, folder in found], listener.reading)
        )
    listener.reading.notes.append(
        f"The folders {', '.join(sorted(part.name for part in parts))} hold the same classes, so "
        "they were joined by class. A comparison makes its own splits; to compare on just one of "
        "the parts, give its folder."
    )
    for part, folders in parts.items():
        lacking = set(names) - {visible(readable(folder.name)) for folder in folders}
        if lacking:
            some = name_some((name, "") for name in sorted(lacking))
            listener.reading.notes.append(f"The folder {part.name} has no class {some}.")
    return found


def _too_few(root: Path, folders: Sequence[Path], reading: Reading) -> str:
    """Why there are no two classes, and what else could be meant."""
    found = f"only {readable(folders[0].name)!r}" if folders else "none"
    message = f"{readable(root)} needs at least two sub-folders, one per class; found {found}"
    if folders and len(_sub_folders(folders[0], _Silent(root))) > 1:
        message += f"; if its sub-folders are the classes, give {readable(folders[0])}"
    tables = [name for name in reading.left_out.get(NO_CLASS, ()) if Path(name).suffix in TABLES]
    if tables:
        message += f"; if {tables[0]} tells the classes, give that file"
    return message + "".join(f"; {line.rstrip('.')}" for line in reading.lines()[1:])


# ---------------------------------------------------------------- tables


def _list_table(path: Path, reading: Reading, columns: Mapping[str, str | None]) -> Listed:
    numbers, pictures, labels, groups = read_picture_table(path, reading, columns)
    needs_label = columns["label"] != ""
    listed, met = Listed(title=name_below(path.with_suffix(""))), {}
    listed.groups = None if groups is None else []
    listener = _Listener(path.parent, reading)
    for row, (number, picture) in enumerate(zip(numbers, pictures, strict=True)):
        name, label = readable(picture), readable(labels[row]) if needs_label else ""
        group = "" if groups is None else readable(groups[row])
        if needs_label and is_missing_label(label):
            reading.leave_out(f"row {number}", "without a label")
        elif groups is not None and (not visible(group) or missing_groups([group])):
            reading.leave_out(f"row {number}", "without a group")
        elif (file := _file_in(path.parent, picture, f"row {number}", listener)) is None:
            continue
        elif label in met.setdefault(file, {}):
            reading.leave_out(f"row {number}", "that say the same as a row above", name)
        else:
            listed.names.append(f"{name} (row {number})" if met[file] else name)
            met[file][label] = number
            listed.files.append(str(file))
            listed.labels.append(label)
            if groups is not None:
                listed.groups.append(group)
    if needs_label:
        several_letters = any(len(visible(label)) > 1 for label in listed.labels)
        listed.labels = join_spellings(listed.labels, reading, "class", case=several_letters)
        listed.classes = in_order(listed.labels)
    if groups is not None:
        listed.groups = join_spellings(listed.groups, reading, "group", case=False)
    return listed


def _file_in(base: Path, picture: str, row: str, listener: _Listener) -> Path | None:
    """The file that a row names; None, and a line in the report, if there is none inside `base`."""
    text = picture.strip()
    if not text:
        listener.reading.leave_out(row, "without a path")
        return None
    try:
        file = base / text
        if not file.exists() and "\\" in text:  # as Windows writes them
            file = base / text.replace("\\", "/")
        resolved = file.resolve()
        if not resolved.is_relative_to(base):
            listener.reading.leave_out(row, OUTSIDE, readable(text))
            return None
        file = base / Path(*file.relative_to(base).parts) if ".." not in file.parts else resolved
        return file if is_readable_file(file, file.stat(), _Named(listener, row, text)) else None
    except (OSError, RuntimeError, ValueError) as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else "cannot be opened"
        detail = f"{readable(text)}: {getattr(error, 'strerror', None) or error}"
        listener.reading.leave_out(row, f"whose picture {reason}", detail)
        return None


class _Named:
    """Calls a file of a table by its row."""

    def __init__(self, listener: _Listener, row: str, text: str):
        self.listener, self.row, self.text = listener, row, text

    def leave_out(self, file: Path, reason: str, detail: object = "") -> None:
        """Note that the row is not read."""
        self.listener.reading.leave_out(self.row, reason, readable(self.text))

    def may_enter(self, place: Path, resolved: Path) -> bool:
        """Where the file lies was looked at before."""
        return True


# ---------------------------------------------------------------- names of classes


def _spellings_of_folders(names: Sequence[str], reading: Reading) -> dict[str, str]:
    """One spelling for each name of a class; A and a are two classes, as letters are."""
    spelling = {name: visible(name) for name in names}
    for alike in look_alikes(spelling.values(), case=False):
        spelling.update({name: alike[0] for name in names if visible(name) in alike})
    joined = {name: best for name, best in spelling.items() if name != best}
    if others := [name for name, best in joined.items() if list(spelling.values()).count(best) > 1]:
        some = name_some((repr(name), f"as {joined[name]!r}") for name in others)
        reading.notes.append(
            "Sub-folders whose names differ in spaces, signs that nobody sees or decimals only "
            f"were joined: {some}."
        )
    if cased := look_alikes(set(spelling.values()), case=True):
        some = name_some((" and ".join(map(repr, alike)), "") for alike in cased)
        reading.notes.append(
            f"Sub-folders whose names differ in capitals only are classes of their own: {some}. If "
            "they are one class, put their pictures into one of them."
        )
    return spelling
