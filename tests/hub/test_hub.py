"""The configuration of teaching/hub, started: three learners over real HTTP and websockets."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

if os.name == "nt":
    pytest.skip("JupyterHub does not run on Windows", allow_module_level=True)

from hub_rig import ROOT, Kernel, Learner, closed_to_others, mode_of, running_hub

from tlhelpers.errors import repo_root

NAMES = ["ada", "ben", "cleo"]
LESSON = "00_start_here.ipynb"
needs_root = pytest.mark.skipif(
    not ROOT, reason="only root can give each seat a user of its own; here all seats are one user"
)
# More than a seat may use, in pieces that are really written to.
EAT = 'hold = []\nwhile True:\n    hold.append(bytearray(b"x") * 2**26)'
# Two processes that are small enough each and too large together.
EAT_TOGETHER = """
import subprocess, sys, time
code = "import time; hold = bytearray(b'x') * (5 * 2**28); time.sleep(60)"
both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
while not any(one.poll() for one in both):
    time.sleep(0.05)
print(sorted(one.poll() is None for one in both))
for one in both:
    one.kill()
"""


@pytest.fixture(scope="module")
def hub():
    if ROOT and (shut := closed_to_others(repo_root() / "tlhelpers" / "__init__.py")):
        pytest.skip(f"seats of their own users cannot read this copy of the course: {shut}")
    with running_hub(NAMES) as hub:
        yield hub


@pytest.fixture(scope="module")
def learners(hub):
    """Three who have logged in at the same time, each with a kernel."""

    def arrive(name: str) -> Learner:
        learner = Learner(hub, name)
        assert learner.log_in().ok
        learner.wait_for_seat()
        learner.kernel = learner.open_lesson(LESSON)
        return learner

    with ThreadPoolExecutor(3) as pool:
        arrived = dict(zip(NAMES, pool.map(arrive, NAMES), strict=True))
    yield arrived
    for learner in arrived.values():
        learner.kernel.close()


@pytest.fixture(scope="module")
def kernels(learners) -> dict[str, Kernel]:
    return {name: learner.kernel for name, learner in learners.items()}


def test_who_has_no_right_password_stays_outside(hub):
    for name in ("ada", "nobody", "../ada"):
        answer = Learner(hub, name).log_in("not the password")
        assert answer.status_code == 403 and "Invalid username or password" in answer.text
    assert not (hub.folder / "seats").exists()


def test_three_learners_open_a_lesson_and_run_its_first_cells(learners):
    def first_cells(learner: Learner) -> list:
        return [learner.kernel.run(code) for code in learner.lesson_cells(LESSON, 2)]

    with ThreadPoolExecutor(3) as pool:
        for ran in pool.map(first_cells, learners.values()):
            assert [one.status for one in ran] == ["ok", "ok"], ran
            assert "Everything is here." in ran[0].text
            assert ran[1].pictures == 1
    # One of them goes on, to the first cell that reads data; three would only take longer.
    ran = learners["ada"].kernel.run(learners["ada"].lesson_cells(LESSON, 3)[2])
    assert ran.status == "ok" and "285 images" in ran.text, ran


def test_each_learner_has_an_own_folder_that_is_closed(hub, learners, kernels):
    where = {}
    for name, kernel in kernels.items():
        code = "import os; os.chdir('.'); print(os.getcwd(), os.getuid(), os.path.expanduser('~'))"
        folder, user, home = kernel.run(code).text.split()
        assert home == str(learners[name].home)
        assert folder == f"{home}/work"
        where[name] = int(user)
        assert mode_of(learners[name].home) == 0o700
        assert learners[name].home.stat().st_uid == where[name]
    if ROOT:
        assert len(set(where.values())) == 3 and 0 not in where.values()
    assert mode_of(hub.folder / "hub") == 0o700


@needs_root
def test_nobody_reads_anothers_work(learners, kernels):
    ada, home = kernels["ada"], learners["ada"].home
    work = home / "work"
    assert ada.run("open('mine.txt', 'w').write('my answer'); import os; print(os.getpid())").status
    pid = ada.run("print(os.getpid())").text.strip()
    assert (work / "mine.txt").read_text() == "my answer"
    for attempt in (
        f"open('{work}/mine.txt').read()",
        f"import os; os.listdir('{home}')",
        f"open('{work}/{LESSON}', 'a')",
        f"open('/proc/{pid}/environ', 'rb').read()",
        f"import os, signal; os.kill({pid}, signal.SIGTERM)",
        f"open('{home.parent.parent}/hub/class.txt').read()",
        f"open('{home.parent.parent}/hub/jupyterhub.sqlite', 'rb').read()",
        f"import os; os.listdir('{home.parent}')",
        "import os; os.setuid(0)",
    ):
        ran = kernels["ben"].run(attempt)
        assert ran.status == "error" and "PermissionError" in ran.text, (attempt, ran)


def test_no_session_opens_anothers_seat(learners):
    ben = learners["ben"]
    assert ben.get("api/contents").status_code == 200
    for path in ("api/contents", "api/kernels", f"files/{LESSON}"):
        answer = ben.get(path, owner="ada")
        assert answer.status_code in (302, 403), path
        assert LESSON not in answer.text
    assert ben.post("api/kernels", {"name": "python3"}, owner="ada").status_code in (403, 404)


@needs_root
def test_data_and_environment_are_shared_and_read_only(learners, kernels):
    kernel = kernels["ben"]
    kernel.run("import os, sys, glob, tlhelpers; from pathlib import Path")
    archive = "glob.glob(os.environ['TLHELPERS_CACHE'] + '/efficientnet_lite0*.whl')[0]"
    assert kernel.run(f"print(os.path.islink({archive}))").text.strip() == "True"
    for attempt in (
        f"open({archive}, 'ab')",
        f"os.utime({archive})",
        "open(tlhelpers.__file__, 'a')",
        "Path(tlhelpers.__file__).with_name('new.py').touch()",
        "open(sys.executable, 'ab')",
        "import json; open(json.__file__, 'a')",
        "Path(os.environ['TLHUB_SHARED'], 'new').touch()",
    ):
        ran = kernel.run(attempt)
        assert ran.status == "error" and "PermissionError" in ran.text, (attempt, ran)


def test_who_takes_too_much_memory_is_stopped_and_told_and_the_others_go_on(learners, kernels):
    for name in ("ada", "ben"):
        assert kernels[name].run("kept = 41").status == "ok"
    assert kernels["cleo"].run(EAT).status == "dead"
    for name in ("ada", "ben"):
        ran = kernels[name].run("print(kept + 1)")
        assert (ran.status, ran.text.strip()) == ("ok", "42")
    told = wait_for_kernel(kernels["cleo"])
    assert "it may use 2.0" in told.text and "your notebooks are not" in told.text
    assert kernels["cleo"].run("print('on')").text == "on\n", "it is told once"
    assert learners["cleo"].get(f"api/contents/{LESSON}").status_code == 200


def wait_for_kernel(kernel: Kernel):
    """What the first cell gives after the server has started the kernel again."""
    end = time.monotonic() + 120
    while (ran := kernel.run("1 + 1")).status != "ok":
        assert time.monotonic() < end
        time.sleep(0.2)
    return ran


def test_processes_of_a_seat_count_together(kernels):
    ran = kernels["cleo"].run(EAT_TOGETHER)
    assert (ran.status, ran.text.strip()) == ("ok", "[False, True]"), ran


def test_a_process_that_asks_for_the_whole_machine_is_refused(kernels):
    ran = kernels["cleo"].run("bytearray(2**34)")
    assert ran.status == "error" and "MemoryError" in ran.text


def test_nothing_asked_for_a_network(hub, kernels):
    assert "NetworkCutError" not in hub.log.read_text(encoding="utf-8")
