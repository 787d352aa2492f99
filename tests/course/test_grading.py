"""A lecturer's way, for real: nbgrader releases an assignment, grades a class, exports marks."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest
from cell_output import printed

from tlhelpers.course.grading import course_folder, fences
from tlhelpers.errors import CourseError, repo_root

NAME, SEED = "lesson00", 7
PAGE = repo_root() / "teaching" / "grading.md"


def private_example():
    """The file of private items that the teacher's page shows."""
    (text,) = re.findall(r"```python\n(\"\"\"Items.*?)```", PAGE.read_text("utf-8"), re.S)
    return text


def nbgrader(course, *arguments, status=0):
    """Run one nbgrader command; it starts `alembic` by name, so that must be on PATH."""
    programs = str(Path(sys.executable).parent)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=os.environ
        | {
            "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
            "JUPYTER_CONFIG_DIR": str(course / "jupyter"),
            "JUPYTER_DATA_DIR": str(course / "data"),
            "OMP_WAIT_POLICY": "passive",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=900,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr


# ---------------------------------------------------------------- what the class hands in


def cell(notebook, grade_id):
    (found,) = (
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )
    return found


def answered(notebook, **answers):
    """A notebook with other answers, by cell: ``a00_1`` is the answer to 00.1."""
    for name, code in answers.items():
        cell(notebook, f"answer-{name[1:].replace('_', '-')}").source = textwrap.dedent(code)
    return notebook


def loops(released, solved, course):
    """One answer loops when it is called, one cell loops at once; the others are right."""
    loop = "def majority_accuracy(train_labels, test_labels):\n    while True:\n        pass"
    return answered(solved, a00_2=loop, aP_2="answer = 1\nwhile True:\n    pass")


def loops_deaf(released, solved, course):
    """A cell that does not heed an interruption either."""
    code = """
        answer = 0
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
        """
    return answered(solved, a00_3=code)


def eats(released, solved, course):
    code = """
        import numpy as np
        def majority_accuracy(train_labels, test_labels):
            return len([np.ones(10**8) for _ in range(60)])
        """
    return answered(solved, a00_2=code)


def eats_in_children(released, solved, course):
    code = """
        import subprocess, sys, time
        eat = "import time; x = [b'1' * 10**8 for _ in range(12)]; time.sleep(300)"
        children = [subprocess.Popen([sys.executable, "-S", "-c", eat]) for _ in range(4)]
        time.sleep(300)
        """
    return answered(solved, a00_3=code)


def exits(released, solved, course):
    return answered(solved, a00_3="import os\nos._exit(0)")


def published(released, solved, course):
    """The open solutions, with the seed taken out and all checks deleted."""
    answers = nbformat.read(repo_root() / "notebooks" / "solutions" / "00_start_here.ipynb", 4)
    for number in (1, 2, 3):
        open_answer = cell(answers, f"answer-00-{number}").source
        cell(released, f"answer-00-{number}").source = open_answer
    released.cells = [c for c in released.cells if not c.metadata.get("nbgrader", {}).get("grade")]
    released.metadata["tlhelpers_assignment"]["seed"] = None
    return released


def patches(released, solved, course):
    """Overwrite everything that could give a verdict, print one, and ask for others."""
    code = """
        import os
        import tlhelpers.course.exercise_kinds as kinds
        import tlhelpers.course.exercises as exercises
        import tlhelpers.course.grading.checking as checking
        from multiprocessing.connection import Client
        from tlhelpers.course.grading.wire import pack, unpack

        def check(*given, **more):
            print("✓ right")

        def yes(*given):
            return kinds.Verdict("right", "")

        def ask(exercise, value):
            key = os.environ["TLHELPERS_JUDGE_KEY"].encode()
            with Client(os.environ["TLHELPERS_JUDGE"], authkey=key) as judge:
                judge.send_bytes(pack({"exercise": exercise, "callable": False, "value": value}))
                return unpack(judge.recv_bytes())

        for kind in (kinds.Choice, kinds.Number, kinds.Function):
            kind.examine = yes
        exercises.check = checking.check = check
        checking.examine = checking._hint = yes
        print([ask("P.1", letter) for letter in "abc"], [ask("00.1", letter) for letter in "abcd"])
        answer = "zzz"
        """
    again = """
        def check(*given, **more):
            print("✓ right")
        import sys
        sys.modules["tlhelpers.course.grading.checking"].check = check
        answer = "a"
        """
    return answered(released, a00_1=code, aP_1=again, aP_2=again)


def wrong(released, solved, course):
    """Wrong answers; one is looked for on the disk, and marks are written if they can be."""
    code = f"""
        import os
        places = [
            {str(course / "source" / NAME / f"{NAME}.ipynb")!r},
            {str(course.parent / "items.py")!r},
            f"/proc/{{os.getppid()}}/cwd/source/{NAME}/{NAME}.ipynb",
        ]
        found = []
        for place in places:
            try:
                found.append(open(place).read())
            except OSError as error:
                found.append(type(error).__name__)
        try:
            open({str(course / "gradebook.db")!r}, "ab")
        except OSError as error:
            found.append(type(error).__name__)
        print(found)
        answer = 4711 if "4711" in str(found) else 0
        """
    return answered(
        released,
        a00_1='answer = "zzz"',
        a00_2="def majority_accuracy(train_labels, test_labels):\n    return 0.5",
        a00_3="answer = 1 / 0",
        aP_2=code,
    )


CLASS = (wrong, loops, loops_deaf, eats, eats_in_children, exits, published, patches)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course's folder in which the work of a whole class was graded, and the marks exported."""
    folder = tmp_path_factory.mktemp("class")
    items, course = folder / "items.py", folder / "course"
    items.write_text(private_example(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_DIR", str(folder / "jupyter"))
        course_folder.add_assignment(course, "00", SEED, private=items)
    config = (course / "nbgrader_config.py").read_text("utf-8")
    short = config.replace("cell_seconds = 120", "cell_seconds = 8").replace(
        "memory_mb = 4000", "memory_mb = 3000"
    )
    assert short.count("seconds = 8 ") == short.count("mb = 3000") == 1
    (course / "nbgrader_config.py").write_text(short, encoding="utf-8")
    hand_in(course, "blank", read(course, "release"))
    hand_in(course, "solved", read(course, "source"))
    for learner in CLASS:
        hand_in(
            course,
            learner.__name__,
            learner(read(course, "release"), read(course, "source"), course),
        )
    broken = course / "submitted" / "=broken" / NAME
    broken.mkdir(parents=True)
    (broken / f"{NAME}.ipynb").write_text("{", encoding="utf-8")
    nbgrader(course, "autograde", NAME, status=1)  # for the broken one
    nbgrader(course, "export", "--to", "marks.csv")
    return course


def read(course, kind):
    return nbformat.read(course / kind / NAME / f"{NAME}.ipynb", 4)


def hand_in(course, learner, notebook):
    """Hand a notebook in; those that need none go without the lesson's imports, which take long."""
    if learner != "solved":
        assert "load_backbone" in notebook.cells.pop(1).source
    folder = course / "submitted" / learner / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")


def marks(course):
    with (course / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


FULL = 7.0
# Without Landlock a notebook finds a right answer on the disk, which the folder's README says.
REFUSED = (0.0, "00.1 wrong; 00.2 wrong; 00.3 error; P.1 open; P.2 wrong; P.3 open")
FOUND = (1.0, "00.1 wrong; 00.2 wrong; 00.3 error; P.1 open; P.3 open")
# Without limits of the system the whole notebook is ended at the cap.
ENDED = (1.0, "00.2 memory; 00.3 memory; P.1 memory; P.2 memory; P.3 memory")
EXPECTED = {
    "solved": (FULL, ""),
    "blank": (0.0, "00.1 open; 00.2 open; 00.3 open; P.1 open; P.2 open; P.3 open"),
    "wrong": REFUSED if fences.landlock_version() else FOUND,
    "loops": (FULL - 2, "00.2 timeout; P.2 timeout"),
    "loops_deaf": (2.0, "00.3 timeout; P.1 timeout; P.2 timeout; P.3 timeout"),
    "eats": (FULL - 1, "00.2 memory") if sys.platform == "linux" else ENDED,
    "eats_in_children": (2.0, "00.3 memory; P.1 memory; P.2 memory; P.3 memory"),
    "exits": (2.0, "00.3 ended; P.1 ended; P.2 ended; P.3 ended"),
    "published": (0.0, "00.1 wrong; 00.2 wrong; 00.3 wrong; P.1 open; P.2 open; P.3 open"),
    "patches": (0.0, "00.1 wrong; 00.2 wrong; 00.3 wrong; P.1 wrong; P.2 wrong; P.3 wrong"),
    "'=broken": (0.0, "unreadable"),
}


@pytest.mark.parametrize("learner", EXPECTED)
def test_each_learner_gets_the_points_that_are_due_and_the_reason_for_each_that_is_lost(
    course, learner
):
    row = marks(course)[learner]
    assert (float(row["score"]), row["reasons"]) == EXPECTED[learner]
    assert float(row["max_score"]) == FULL


def test_what_the_gradebook_holds_is_what_was_exported(course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for learner, (score, _) in EXPECTED.items():
            if learner != "'=broken":
                found = gradebook.find_submission(NAME, learner)
                assert found.score == score and not found.needs_manual_grade


def test_ways_around_an_answer_are_named_for_the_teacher(course):
    found = {learner: row["look_at"] for learner, row in marks(course).items()}
    assert "another seed" in found["published"]
    assert "grading" in found["patches"] and "/proc" in found["wrong"]
    assert found["solved"] == found["blank"] == ""


@pytest.mark.skipif(not fences.landlock_version(), reason="this system has no Landlock")
def test_a_notebook_reads_neither_solutions_nor_private_items_and_writes_no_marks(course):
    graded = nbformat.read(course / "autograded" / "wrong" / NAME / f"{NAME}.ipynb", 4)
    assert printed(cell(graded, "answer-P-2")).strip() == str(["PermissionError"] * 4)


def test_the_release_holds_no_answer_and_the_source_all_of_them(course):
    released = (course / "release" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    source = (course / "source" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    assert "SOLUTION" not in released and source.count("BEGIN SOLUTION") == 6
    solutions = re.findall(r"BEGIN SOLUTION\\n\",\n(.*?)END SOLUTION", source, re.S)
    for line in {line for one in solutions for line in re.findall(r'"\s*(.*?)(?:\\n)?",?\n', one)}:
        assert len(line) < 4 or line not in released, line
    files = [path for path in (course / "release").rglob("*") if path.is_file()]
    assert files == [course / "release" / NAME / f"{NAME}.ipynb"]


def test_private_answers_are_nowhere_in_the_repository(course):
    """Only the page that shows how to write such a file holds its example."""
    secret = "root_mean_square"
    listed = subprocess.run(
        ["git", "grep", "-l", "--untracked", secret],
        cwd=repo_root(),
        capture_output=True,
        text=True,
    )
    assert set(listed.stdout.split()) <= {"teaching/grading.md", "tests/course/test_grading.py"}
    assert str(course.parent / "items.py") == course_folder.read_record(course)[NAME]["private"]


def test_the_teachers_readme_names_the_assignment_and_commands_that_exist(course):
    text = (course / "README.md").read_text("utf-8")
    assert f"| {NAME} | 00 | {SEED} | yes |" in text
    for command in re.findall(r"`nbgrader (\w+)", text):
        assert shutil.which(f"nbgrader-{command}", path=str(Path(sys.executable).parent)) or command


# ---------------------------------------------------------------- what stands in the way


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lesson": "99"}, "there is no lesson '99'"),
        ({"lesson": "12"}, "lesson 12 is a project, which teaching/project_rubric.md judges"),
        ({"lesson": "../00"}, "there is no lesson"),
        ({"out": repo_root() / "work" / "graded"}, "lies in the course's folder"),
        ({"name": "../away"}, "letters, digits"),
        ({"private": repo_root() / "README.md"}, "keep private items outside"),
        ({"private": repo_root().parent / "nothing.py"}, "is no file"),
    ],
)
def test_what_cannot_be_made_is_told_before_anything_is_written(tmp_path, options, said):
    out = tmp_path / "course"
    with pytest.raises(CourseError, match=re.escape(said)):
        course_folder.add_assignment(**{"out": out, "lesson": "00"} | options)
    assert not out.exists()


def test_a_folder_with_something_else_and_an_assignment_that_is_there_are_left_alone(
    course, tmp_path
):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CourseError, match="holds something else"):
        course_folder.add_assignment(tmp_path, "00")
    before = json.dumps(course_folder.read_record(course))
    with pytest.raises(CourseError, match=r"is in .* already"):
        course_folder.add_assignment(course, "01", name=NAME)
    assert json.dumps(course_folder.read_record(course)) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "has no EXERCISES"),
        ("1 / 0", "cannot be run (ZeroDivisionError"),
        (private_example().replace('"P.1"', '"00.1"'), "an id such as P.1 is wanted"),
        (private_example().replace("### BEGIN SOLUTION", "# here"), "lacks ### BEGIN SOLUTION"),
        (private_example().split("TEXTS =")[0], "has no text"),
    ],
)
def test_a_private_file_with_a_mistake_is_told_which(tmp_path, text, said):
    path = tmp_path / "items.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=re.escape(said)):
        course_folder.add_assignment(tmp_path / "course", "00", private=path)
