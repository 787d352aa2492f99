"""What helpers do on an accelerator, tried on one that is pretended: in a process of its own."""

import os
import re
import subprocess
import sys

from tlhelpers.errors import repo_root


def test_on_a_pretended_device_helpers_compute_there_and_bring_models_back():
    tests = repo_root() / "tests"
    options = ["-n", "0", "--noconftest", "-p", "no:cacheprovider"]
    environ = {name: v for name, v in os.environ.items() if name != "TLHELPERS_DEVICE"}
    environ["PYTHONPATH"] = os.pathsep.join([str(tests), environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tests / "on_pretended_device.py")],
        cwd=repo_root(),
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 50
