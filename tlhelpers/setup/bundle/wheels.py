"""Bring the wheels of a bundle: what pip finds for the machines that it is made for.

Each chunk that has arrived is written into the list of the bundle with its hash, so what was
interrupted goes on there. Nothing is held twice for longer than a chunk takes.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup import environment, installer, torch_build
from tlhelpers.setup.bundle import manifest
from tlhelpers.setup.bundle.manifest import WHEELS, Manifest, entry_of
from tlhelpers.setup.bundle.target import Target, here, least_system
from tlhelpers.setup.files import remove
from tlhelpers.setup.probe import MARK, REQUIREMENTS

Echo = Callable[[str], object]

PARTIAL = "partial"  # the folder in a bundle for what is under way
_CHUNK = 8  # wheels that one call of pip brings: starting pip takes longer than a small wheel


class Collector:
    """Brings wheels for one kind of machine into a bundle, with the pip of the environment.

    Parameters
    ----------
    root, venv : Path
        The course, whose requirements count, and its environment.
    out : Path
        The bundle's folder, which has a list already.
    echo : callable
        Is told of progress.
    """

    def __init__(self, root: Path, venv: Path, out: Path, echo: Echo):
        self._root, self._venv, self._out, self._echo = root, venv, out, echo
        self._python = environment.venv_python(venv)
        self._made = manifest.read(out)
        self._target = Target(self._made.system, self._made.machine, self._made.python)
        self._settings = installer.pip_settings(self._python, "download")
        (out / WHEELS).mkdir(exist_ok=True)

    def collect(self) -> Manifest:
        """Bring all that is needed and return the bundle's new list.

        A CourseError names each pin that has no wheel for these machines.
        """
        self._keep_what_is_whole()
        if self._made.torch == "cpu":
            self._bring_cpu_builds()
        lacking: dict[str, str] = {}
        while True:
            found = self._examine()
            wishes = {name: one for name, one in found["wishes"].items() if name not in lacking}
            if not wishes:
                break
            lacking |= self._bring(wishes, len(found["needed"]))
        self._refuse(lacking, found["unfit"])
        return self._without_the_rest(set(found["needed"].values()), found["oldest_python"])

    def _keep_what_is_whole(self) -> None:
        for path in (self._out / WHEELS).iterdir():
            if f"{WHEELS}/{path.name}" not in self._made.wheels:
                raise CourseError(
                    f"{path} was not brought by an earlier start: move it away, or name another "
                    "folder, and run the same command again"
                )
        whole = {}
        for name, one in self._made.wheels.items():
            path = self._out / name
            if path.is_file() and entry_of(path) == one:
                whole[name] = one
            else:
                remove(path)
        if whole:
            self._echo(f"{len(whole)} wheels are here already.")
        self._note(whole)

    def _bring_cpu_builds(self) -> None:
        pins = torch_build.cpu_pins(self._root / REQUIREMENTS)
        held = {Path(name).name.split("-")[0] for name in self._made.wheels}
        pins = [pin for pin in pins if pin.partition("==")[0] not in held]
        if not pins:
            return
        self._echo(f"Fetching {', '.join(pins)}: CPU builds, from {torch_build.CPU_INDEX}")
        status, output = self._download(pins, [f"--index-url={torch_build.CPU_INDEX}"])
        if status:
            cause = installer.explain(output) + torch_build.hint(True)
            raise CourseError(f"the wheels could not be fetched: {cause}")
        plain = [name for name in self._made.wheels if _is_plain(name, pins)]
        if plain:
            raise CourseError(f"{torch_build.CPU_INDEX} gave no CPU build, but {plain[0]}")

    def _bring(self, wishes: dict[str, str], done: int) -> dict[str, str]:
        """Fetch what is wished for; return those of it that have no wheel there."""
        names, lacking, options = list(wishes), {}, self._options()
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            self._echo(f"Fetching {', '.join(chunk)} ({done} wheels are here)")
            status, output = self._download([wishes[name] for name in chunk], options)
            for name in chunk if installer.offers_none(output) and status else ():
                status, output = self._download([wishes[name]], options)
                if status and installer.offers_none(output):
                    lacking[name], status = wishes[name], 0
                elif status:
                    break
            if status:
                raise CourseError(f"the wheels could not be fetched: {installer.explain(output)}")
            done += len(chunk)
        return lacking

    def _options(self) -> list[str]:
        # How to reach an index may stand in the file of requirements, too.
        lines = (self._root / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.startswith("--")]

    def _download(self, wishes: list[str], options: list[str]) -> tuple[int, str]:
        """Call pip for some wheels; on success they lie in the bundle and in its list."""
        partial = self._out / PARTIAL
        remove(partial)
        arrived, temporary = partial / "arrived", partial / "temporary"
        temporary.mkdir(parents=True)
        wish = partial / "wish.txt"
        wish.write_text("\n".join([*options, *wishes, ""]), encoding="utf-8")
        arguments = ["download", "--no-deps", "--only-binary", ":all:", "-r", str(wish)]
        # Of a Python's releases the last: pins that the first ones cannot take count, too.
        arguments += ["--dest", str(arrived), "--python-version", f"{self._target.python}.99"]
        arguments += [part for tag in self._target.tags() for part in ("--platform", tag)]
        if self._target != here():
            # pip's cache serves this machine; what is for others would only lie in it.
            arguments.append("--no-cache-dir")
        status, output = installer.run_pip(
            self._python, arguments, temporary, self._settings, cwd=self._root
        )
        if not status:
            self._take_over(sorted(arrived.iterdir()))
        remove(partial)
        return status, output

    def _take_over(self, arrived: list[Path]) -> None:
        # First the list, then the move: what lies among the wheels is always known.
        self._note({**self._made.wheels, **{f"{WHEELS}/{p.name}": entry_of(p) for p in arrived}})
        for path in arrived:
            path.replace(self._out / WHEELS / path.name)

    def _note(self, wheels: dict) -> None:
        self._made = dataclasses.replace(self._made, files=wheels)
        manifest.write(self._out, self._made)

    def _examine(self) -> dict:
        asked = {"folder": str(self._root), "places": self._target.markers()}
        done = subprocess.run(
            [str(self._python), "-m", "tlhelpers.setup.bundle.needs", json.dumps(asked)],
            input=json.dumps([str(self._out / name) for name in self._made.wheels]),
            cwd=self._root,
            env=environment.child_environment(self._venv),
            capture_output=True,
            encoding="utf-8",
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
        if not lines:
            said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise CourseError(f"the wheels that have arrived cannot be read: {said}")
        return json.loads(lines[-1].removeprefix(MARK))

    def _refuse(self, lacking: dict[str, str], unfit: dict[str, str]) -> None:
        if lacking:
            raise CourseError(
                f"there is no wheel for {self._target} of {', '.join(lacking.values())}, so the "
                "bundle would not work there and stays unfinished: name another --python or "
                "--platform"
            )
        if unfit:
            raise CourseError(f"the wheels do not go together: {'; '.join(unfit.values())}")

    def _without_the_rest(self, needed: set[str], oldest_python: str) -> Manifest:
        rest = [name for name in self._made.wheels if Path(name).name not in needed]
        self._note({name: one for name, one in self._made.wheels.items() if name not in rest})
        for name in rest:
            remove(self._out / name)
        least = least_system(self._made.wheels)
        self._made = dataclasses.replace(self._made, least=least, oldest_python=oldest_python)
        manifest.write(self._out, self._made)
        return self._made


def _is_plain(wheel: str, pins: list[str]) -> bool:
    name, version = Path(wheel).name.split("-")[:2]
    return name in {pin.partition("==")[0] for pin in pins} and "+cpu" not in version
