"""The text that lies in the folder of a graded course, for its teacher."""

from __future__ import annotations

import sys
from pathlib import Path

from tlhelpers.course.grading.fences import landlock_version
from tlhelpers.errors import repo_root

TEXT = """# Assignments of Transfer Learning, Measured

| assignment | lesson | seed | private items |
|---|---|---|---|
{rows}

Keep this folder to yourself: `source/` and `gradebook.db` hold right answers. Learners get what
lies in `release/`.

## The commands
Start them in this folder, in a terminal where the course's environment is active:
`{activate}`. `NAME` is an assignment of the table.

1. Hand out `release/NAME/NAME.ipynb`. Learners need the course's repository and environment
   (`python3 -m tlhelpers lab` once); the notebook runs in any folder.
2. Put each learner's notebook at `submitted/LEARNER/NAME/NAME.ipynb`; `LEARNER` is the name that
   you grade under.
3. `nbgrader autograde NAME` grades all of them; `nbgrader autograde NAME --student LEARNER
   --force` one of them again. It ends with an error if a notebook could not be read; the others
   are graded all the same.
4. `nbgrader export --to grades.csv` writes `grades.csv`, a row for each learner and assignment,
   with the reason for each point that was not given, and `grades_exercises.csv`, a row for each
   exercise.
5. `nbgrader generate_feedback NAME` makes a page for each learner, in `feedback/`.

| reason | what happened |
|---|---|
| open | no answer was given |
| wrong | the answer is not right, or the check was not reached with it |
| error | the learner's code stopped with an error |
| timeout | a cell or the notebook took longer than `nbgrader_config.py` allows |
| memory | more memory was asked for than `memory_mb` |
| ended | the notebook's process ended itself; what comes after it has no points either |
| unreadable | the notebook is missing, or no notebook |
| not graded | nbgrader stopped at it for another reason, which it printed: grade it again |

## What a learner cannot do, and what you must look at
Marks do not come from the notebook that a learner hands in. While it is graded, each check asks a
judge in another process, which knows the seed of this folder. So these bring no point: to edit or
delete the cells with checks, to change the seed, to overwrite or patch `check`, to print a verdict,
to end the notebook early, to ask again with another letter. Each was tried.

**What lies open.** Exercises of the course and their solutions are public, and so is the program
that makes variants: it runs on the learner's machine. A seed keeps a copied solution from being
right, since numbers, letters or specifications differ. It does not keep a learner from adapting
it, and one who reads the package can have the right answer to any variant computed. For marks
that must not be had this way, use **private items**, whose check never leaves your machine.

**Some exercises are judged inside the notebook's process**: {inside}. Their
functions take or give models or gradients. A learner who patches the package there could forge
these verdicts, and these alone.

**Names to look at.** `grades.csv` has a column `look_at`: notebooks that mention the package's
own answers, files of the course, processes and the like. It proves nothing; read these notebooks.

**What a notebook may read while it is graded.** {fence} Everywhere, a notebook may use the
network and start processes as you, and it could end the grading. Grade in an account or a
container of its own, without a network, if you do not know your learners.

**Memory.** On Linux a cell that asks for too much gets a `MemoryError` and the next cells go on.
Elsewhere, and where several processes share the work, the whole notebook is ended at the cap: the
exercises before keep their points.
"""
FENCED = (
    "On this machine nothing but the system, Python, the course and an empty folder of its own "
    "(Landlock): not this folder, not your private items, not the work of others, unless you keep "
    "them inside one of {folders}."
)
OPEN = (
    "**On this machine, all that you can read**, private items and this folder among it: there is "
    "no Landlock here, which Linux has from version 5.13 on. Grade there, or in an account that "
    "may not read them."
)


def readme(records: dict[str, dict]) -> str:
    """The text for a folder with these assignments."""
    from tlhelpers.course.grading.fences import SYSTEM
    from tlhelpers.course.grading.judge import INSIDE

    rows = [
        f"| {name} | {one['lesson']} | {'as published' if one['seed'] is None else one['seed']} "
        f"| {'yes' if one.get('private') else 'no'} |"
        for name, one in records.items()
    ]
    fence = FENCED.format(folders=", ".join(f"`{folder}`" for folder in (*SYSTEM, repo_root())))
    return TEXT.format(
        rows="\n".join(rows),
        activate=_activate(),
        inside=", ".join(sorted(INSIDE)),
        fence=fence if landlock_version() else OPEN,
    )


def _activate() -> str:
    folder = Path(sys.executable).parent
    if sys.platform == "win32":
        return str(folder / "activate")
    return f"source {folder / 'activate'}"
