"""Where the lab's JupyterLab reads its configuration and keeps its own files.

A configuration made for another Jupyter may take the token away, open the server to others, or
bring extensions of another version. So the lab reads the environment's own and the machine's.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tlhelpers.setup.files import refusal

# Asked in the environment, since only Jupyter itself knows each system's folders.
_WHERE = """
import json, os
from jupyter_core import paths
lab = os.path.join(paths.jupyter_config_dir(), "lab")
print(json.dumps({
    "JUPYTERLAB_SETTINGS_DIR": os.path.join(lab, "user-settings"),
    "JUPYTERLAB_WORKSPACES_DIR": os.path.join(lab, "workspaces"),
    "JUPYTER_DATA_DIR": paths.jupyter_data_dir(),
    "JUPYTER_RUNTIME_DIR": paths.jupyter_runtime_dir(),
}))
"""


def lab_variables(
    venv: Path, python: Path, variables: dict[str, str], echo: Callable[[str], object] = print
) -> dict[str, str]:
    """The variables that lead JupyterLab to its folders; `echo` says if some are temporary ones.

    `variables` are those of the program otherwise. The learner's own settings of the page stay.
    """
    chosen = {**_usual(python, variables), **_used_by_kernels(variables)}
    refused = {name: folder for name, folder in chosen.items() if refusal(Path(folder))}
    if refused:
        first = min(refused.values(), key=len)
        echo(
            f"Nothing can be written to {first} ({refusal(Path(first))}), so JupyterLab's own "
            "settings last for this start only. Your lessons are not concerned."
        )
        stand_in = Path(tempfile.mkdtemp(prefix="tlhelpers-jupyter-"))
        chosen |= {name: str(stand_in / name.lower()) for name in refused}
    return {**chosen, "JUPYTER_CONFIG_DIR": str(_own_configuration(venv))}


def _own_configuration(venv: Path) -> Path:
    # Without this file, Jupyter would look for what IPython was told years ago, and copy it here.
    folder, name = venv / "etc" / "jupyter", "migrated"
    try:
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="tlhelpers-jupyter-"))
        (folder / name).touch()
    return folder


def _usual(python: Path, variables: dict[str, str]) -> dict[str, str]:
    """Where Jupyter keeps things if nobody says otherwise; ``{}`` where it is not installed."""
    try:
        done = subprocess.run(
            [str(python), "-c", _WHERE], capture_output=True, encoding="utf-8", env=variables
        )
        places = json.loads(done.stdout)
    except (OSError, ValueError):
        return {}
    return {name: variables.get(name) or folder for name, folder in places.items()}


def _used_by_kernels(variables: dict[str, str]) -> dict[str, str]:
    # They help themselves where they cannot write, but each time with a warning in the lesson.
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path's own fails without a home)
    usual = {"IPYTHONDIR": home / ".ipython", "MPLCONFIGDIR": home / ".config" / "matplotlib"}
    return {
        name: str(folder)
        for name, folder in usual.items()
        if not variables.get(name) and refusal(folder)
    }
