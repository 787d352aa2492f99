"""Copy the course to where its libraries see a processor without AVX-512 and bfloat16.

Run it with ``.venv/bin/python benchmarks/without_avx512.py FOLDER``; ``benchmarks/README.md``
explains it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import archives, run

from tlhelpers.errors import repo_root
from tlhelpers.setup.environment import read_stamp, write_stamp

# A program may use AVX-512 only where the system keeps its registers, which the instruction
# xgetbv tells. In the copy it is "mov al, 7": x87, SSE and AVX are kept, AVX-512 is not.
ASK, ANSWER = b"\x0f\x01\xd0", b"\xb0\x07\x90"
# It asks for register ecx, which is set just before. Other bytes that look alike are left alone.
ECX_IS_SET = re.compile(rb"\x31\xc9|\x33\xc9|\xb9\0\0\0\0|\x44\x89[\xc1\xd9]$|\x89[\xf1\xf9]$")
NOT_ON_A_PROCESSOR = ("nvidia", "triton")
IN_THE_COPY = """
import torch
from numpy._core._multiarray_umath import __cpu_features__ as seen
able = torch.backends.cpu.get_cpu_capability()
wide = [name for name, there in seen.items() if there and "AVX512" in name]
assert able == "AVX2" and not wide, (able, wide)
"""


def code_in(library: bytes) -> Iterator[tuple[int, int]]:
    """Where a 64-bit ELF file holds code: begin and end of each executable segment."""
    (table,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    for place in range(table, table + size * count, size):
        kind, flags, begin = struct.unpack_from("<IIQ", library, place)
        (length,) = struct.unpack_from("<Q", library, place + 32)
        if kind == 1 and flags & 1:
            yield begin, begin + length


def hide_avx512(library: bytes) -> bytes:
    """Answer each question for AVX-512 in the code of a library with no."""
    changed = bytearray(library)
    for begin, end in code_in(library):
        for found in re.finditer(re.escape(ASK), library[begin:end]):
            at = begin + found.start()
            if ECX_IS_SET.search(library[at - 32 : at]):
                changed[at : at + len(ASK)] = ANSWER
    return bytes(changed)


def link_or_copy(source: str, target: str) -> None:
    """Files that stay as they are take no room of their own; a copy can be run as the file can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def change_libraries(environment: Path) -> int:
    """Change the libraries of a copied environment; gives how many."""
    count = 0
    for path in environment.rglob("*.so*"):
        if path.is_symlink() or any(part in path.parts for part in NOT_ON_A_PROCESSOR):
            continue
        library = path.read_bytes()
        if ASK in library and (changed := hide_avx512(library)) != library:
            beside = path.with_name(path.name + ".new")  # the other file of a link stays
            beside.write_bytes(changed)
            shutil.copymode(path, beside)
            beside.replace(path)
            count += 1
    return count


def copy_course(folder: Path) -> None:
    """Copy what git knows, the environment, and the archives of data and weights."""
    subprocess.run(["git", "clone", "--quiet", str(repo_root()), str(folder)], check=True)
    shutil.copytree(
        repo_root() / ".venv",
        folder / ".venv",
        symlinks=True,
        copy_function=link_or_copy,
    )
    environment = folder / ".venv"
    write_stamp(environment, read_stamp(environment) | {"folder": str(environment)})
    cache = folder / "data" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for archive in archives():
        link_or_copy(str(archive), str(cache / archive.name))


def main() -> None:
    """Make the copy, and let its own Python show that it sees no AVX-512."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    folder = parser.parse_args().folder.resolve()
    if folder.exists():
        parser.error(f"{folder} exists already: name another folder, or remove it")
    copy_course(folder)
    count = change_libraries(folder / ".venv")
    python = folder / ".venv" / "bin" / "python"
    subprocess.run([python, "-c", IN_THE_COPY], check=True)
    print(f"{count} libraries were changed; run the course there: cd {folder}")
    print("then: .venv/bin/python benchmarks/lessons.py")


if __name__ == "__main__":
    run(main)
