"""A real JupyterHub with the configuration of `teaching/hub`, and learners who use it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import browser
import psutil
import requests
import websocket

from tlhelpers.errors import repo_root
from tlhelpers.setup.environment import venv_python
from tlhelpers.setup.paths import venv_dir

HUB = repo_root() / "teaching" / "hub"
sys.path.insert(0, str(HUB))

import class_list  # noqa: E402
import seat_folders  # noqa: E402
import seat_memory  # noqa: E402, F401 (for the tests)

closed_to_others = seat_folders.closed_to_others

ROOT = os.geteuid() == 0
START_SECONDS = 180
SILENCE = 180  # seconds that a busy machine may take for one cell
# The real configuration, with ports of its own and the tests' guard against a network.
CONFIG = """
load_subconfig({config!r})
c.JupyterHub.hub_port = {ports[0]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[1]}"
c.Spawner.args += ["--config={guard}"]
c.Spawner.environment |= {more!r}
"""


@contextlib.contextmanager
def running_hub(names: list[str]):
    """Start a hub in a folder of its own; leave no process, no user and no file behind."""
    folder = Path(tempfile.mkdtemp(prefix="tlh"))  # pytest's own folders are closed to seats
    folder.chmod(0o711)
    try:
        with _started(folder, names) as hub:
            yield hub
    finally:
        shutil.rmtree(folder)


@dataclass
class Hub:
    """A running hub: its address, its folder, and the passwords of its class."""

    process: psutil.Process
    address: str
    folder: Path
    log: Path
    passwords: dict[str, str]
    seen: set = field(default_factory=set)

    def look(self) -> set:
        """All processes that ever belonged to it."""
        with contextlib.suppress(psutil.Error):
            self.seen |= set(self.process.children(recursive=True))
        return self.seen


@contextlib.contextmanager
def _started(folder: Path, names: list[str]):
    log, own = folder / "hub.log", folder / "hub"
    own.mkdir(mode=0o700)
    passwords = class_list.add(own / "class.txt", names)
    venv, more = usable_environment(folder)
    ports = [browser.free_port() for _ in range(3)]
    guard, config = folder / "guard.py", own / "config.py"
    guard.write_text(browser.GUARD, encoding="utf-8")
    guard.chmod(0o644)
    real = str(HUB / "jupyterhub_config.py")
    config.write_text(CONFIG.format(config=real, ports=ports, guard=guard, more=more))
    address = f"http://127.0.0.1:{ports[2]}"
    variables = os.environ | {
        "TLHUB_FOLDER": str(folder),
        "TLHUB_URL": address,
        "TLHUB_ONE_ACCOUNT": "yes",
        "TLHELPERS_VENV": str(venv),
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
    with log.open("wb") as out:
        started = subprocess.Popen(
            command, cwd=own, env=variables, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    hub = Hub(psutil.Process(started.pid), address, folder, log, passwords)
    try:
        _wait_until_up(hub, started)
        yield hub
        hub.look()
    finally:
        hub.look()
        started.terminate()
        try:
            started.wait(START_SECONDS)
        finally:
            # kernels end a moment after their server
            _, left = psutil.wait_procs(hub.seen, timeout=15)
            told = [_told(one) for one in left]
            for one in left:
                one.kill()
            started.kill()
    assert not left, f"still running after the hub was told to stop: {told}"


def _told(process: psutil.Process) -> str:
    try:
        return f"{process.status()}: {' '.join(process.cmdline())}"
    except psutil.Error:
        return "ended meanwhile"


def _wait_until_up(hub: Hub, started: subprocess.Popen) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert started.poll() is None, hub.log.read_text(encoding="utf-8")
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{hub.address}/hub/health", timeout=5).ok:
                return
        time.sleep(0.1)
    raise AssertionError(f"no hub: {hub.log.read_text(encoding='utf-8')}")


def usable_environment(folder: Path) -> tuple[Path, dict[str, str]]:
    """An environment that other users can start, and the variables that it needs.

    It is the course's own, unless its Python lies in a home that is closed to others: then the
    same files are linked to a place that is not."""
    venv = venv_dir()
    if not ROOT or not closed_to_others(venv_python(venv)):
        return venv, {}
    base, twin = Path(sys.base_prefix), folder / "python"
    skip = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "include")
    shutil.copytree(base, twin, copy_function=_link, ignore=skip, symlinks=True)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    made, packages = folder / "venv", Path("lib", name, "site-packages")
    _link_all(venv, made, but=("bin", "lib", "pyvenv.cfg"))
    _link_all(venv / "bin", made / "bin", but=("python", "python3", name))
    _link_all(venv / packages, made / packages, but=("tlhelpers.pth",))
    (made / packages / "tlhelpers.pth").write_text(f"{repo_root()}\n", encoding="utf-8")
    (made / "bin" / "python").symlink_to(twin / "bin" / name)
    (made / "pyvenv.cfg").write_text(f"home = {twin / 'bin'}\n", encoding="utf-8")
    return made, {"LD_LIBRARY_PATH": str(twin / "lib")}


def _link_all(source: Path, target: Path, but: tuple[str, ...]) -> None:
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.name not in but:
            (target / path.name).symlink_to(path)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


class Learner:
    """Somebody with a browser: a session of their own, over HTTP and a websocket."""

    def __init__(self, hub: Hub, name: str):
        self.hub, self.name = hub, name
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy of this machine is none of ours
        self.home = hub.folder / "seats" / name

    # ------------------------------------------------------------ HTTP

    def log_in(self, password: str | None = None) -> requests.Response:
        """Fill in the form; gives the page after it."""
        page = self.session.get(f"{self.hub.address}/hub/login", timeout=30)
        form = {
            "username": self.name,
            "password": password or self.hub.passwords[self.name],
            "_xsrf": re.search(r'name="_xsrf" value="([^"]+)"', page.text)[1],
        }
        address = f"{self.hub.address}/hub/login?next=%2Fhub%2Fspawn"
        return self.session.post(address, data=form, timeout=120)

    def wait_for_seat(self) -> float:
        """Wait until the seat's Jupyter server answers; gives the seconds."""
        begin = time.monotonic()
        while time.monotonic() < begin + START_SECONDS:
            answer = self.session.get(self.url("lab"), timeout=60)
            if answer.ok and "/lab" in answer.url and "jupyter-config-data" in answer.text:
                return time.monotonic() - begin
            time.sleep(0.2)
        raise AssertionError(self.hub.log.read_text(encoding="utf-8"))

    def url(self, path: str, owner: str | None = None) -> str:
        """An address of a seat, one's own or another's."""
        return f"{self.hub.address}/user/{owner or self.name}/{path}"

    def get(self, path: str, owner: str | None = None) -> requests.Response:
        """Ask a seat for something, without following to a page to log in."""
        return self.session.get(self.url(path, owner), timeout=30, allow_redirects=False)

    def post(self, path: str, body: dict, owner: str | None = None) -> requests.Response:
        """Send something to a seat."""
        own = f"/user/{self.name}/"
        token = next(c.value for c in self.session.cookies if c.name == "_xsrf" and c.path == own)
        return self.session.post(
            self.url(path, owner), json=body, headers={"X-XSRFToken": token}, timeout=30
        )

    def lesson_cells(self, name: str, count: int) -> list[str]:
        """The first code cells of a lesson, as the seat has it."""
        answer = self.get(f"api/contents/{name}?content=1")
        cells = answer.json()["content"]["cells"]
        return [cell["source"] for cell in cells if cell["cell_type"] == "code"][:count]

    def open_lesson(self, name: str) -> Kernel:
        """Open a notebook as JupyterLab does: a session with a kernel, and a socket to it."""
        wanted = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        return Kernel(self, self.post("api/sessions", wanted).json()["kernel"]["id"])


@dataclass
class Ran:
    """What one execution gave."""

    status: str
    text: str = ""
    pictures: int = 0


class Kernel:
    """A kernel of a learner over a real websocket."""

    def __init__(self, learner: Learner, ident: str):
        self.learner, self.ident = learner, ident
        address = learner.url(f"api/kernels/{ident}/channels").replace("http", "ws", 1)
        wanted = requests.Request("GET", address.replace("ws", "http", 1))
        cookies = learner.session.prepare_request(wanted).headers["Cookie"]
        self.socket = websocket.create_connection(address, cookie=cookies, timeout=SILENCE)

    def close(self) -> None:
        """Let the socket go; the kernel stays."""
        self.socket.close()

    def run(self, code: str, seconds: float = SILENCE) -> Ran:
        """Execute some code; status "dead" says that the kernel was ended meanwhile."""
        ident, ran, idle = uuid.uuid4().hex, Ran(""), False
        self.socket.send(json.dumps(_request(ident, code)))
        end = time.monotonic() + seconds
        while not (idle and ran.status):
            assert time.monotonic() < end, f"no end of: {code}"
            message = json.loads(self.socket.recv())
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] in ("restarting", "dead"):
                return Ran("dead", ran.text)
            if message["parent_header"].get("msg_id") != ident:
                continue
            if kind == "execute_reply":
                ran.status = content["status"]
            elif kind == "status" and content["execution_state"] == "idle":
                idle = True
            elif kind == "stream":
                ran.text += content["text"]
            elif kind == "error":
                ran.text += f"{content['ename']}: {content['evalue']}"
            elif kind in ("execute_result", "display_data"):
                ran.text += content["data"].get("text/plain", "")
                ran.pictures += "<img" in str(content["data"].get("text/html", ""))
        return ran


def _request(ident: str, code: str) -> dict:
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    header = {"msg_id": ident, "msg_type": "execute_request", "session": ident, "version": "5.3"}
    header |= {"username": "", "date": "2026-01-01T00:00:00Z"}
    return {
        "header": header, "parent_header": {}, "metadata": {}, "content": content,
        "channel": "shell", "buffers": [],
    }  # fmt: skip


def mode_of(path: Path) -> int:
    """The rights of a file, as 0o700."""
    return stat.S_IMODE(path.stat().st_mode)
