"""The command ``python3 -m tlhelpers assignment``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tlhelpers.course.grading.course_folder import add_assignment
from tlhelpers.errors import CourseError

PUBLISHED = (
    "Without --seed the exercises are those of the course, whose solutions are public: "
    "give a seed for marks that count."
)


def main(arguments: list[str] | None = None) -> int:
    """Write one assignment; 1 if something stands in the way, in one line."""
    parser = argparse.ArgumentParser(prog="tlhelpers assignment")
    parser.add_argument("lesson")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--private", type=Path)
    parser.add_argument("--name")
    parser.add_argument("--whole", action="store_true")
    given = parser.parse_args(arguments)
    try:
        released = add_assignment(
            given.out, given.lesson, given.seed, given.whole, given.private, given.name
        )
    except CourseError as error:
        print(f"tlhelpers: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"tlhelpers: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    print(f"{released} is what learners get; {released.parents[1] / 'README.md'} has the commands.")
    if given.seed is None:
        print(PUBLISHED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
