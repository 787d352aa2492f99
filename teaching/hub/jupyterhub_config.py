"""JupyterHub for a class: one server, thirty seats, no network needed. README.md tells the steps.

.venv/bin/jupyterhub --config teaching/hub/jupyterhub_config.py

These variables choose, before it starts:

TLHUB_FOLDER       where seats, names and the hub's own files lie; /srv/tlhub if left out
TLHUB_LOGIN        "list": names and passwords of class_list.py (as if left out)
                   "pam": accounts of this machine, with their passwords
TLHUB_ONE_ACCOUNT  "yes": seats may share the account that runs the hub, and read one another
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from class_list import ClassListAuthenticator  # noqa: E402
from seat_folders import SeatError, check_machine  # noqa: E402
from seats import SeatSpawner  # noqa: E402

from tlhelpers.errors import repo_root  # noqa: E402
from tlhelpers.setup.environment import venv_python  # noqa: E402
from tlhelpers.setup.paths import cache_path, venv_dir  # noqa: E402

c = get_config()  # noqa: F821 (JupyterHub gives it)
FOLDER = Path(os.environ.get("TLHUB_FOLDER", "/srv/tlhub"))
LOGIN = os.environ.get("TLHUB_LOGIN", "list")
PYTHON = venv_python(venv_dir())

# ---------------------------------------------------------------- seats that are apart
# Only root can start each server as a user of its own. Anybody else's seats are one user to the
# system, who may read and change all of them: fine to try this, wrong for a class.
if os.geteuid() == 0:
    ACCOUNTS = "system" if LOGIN == "pam" else "numbers"
elif os.environ.get("TLHUB_ONE_ACCOUNT") == "yes":
    ACCOUNTS = "one"
    print("Warning: all seats run under one account and can read one another.", file=sys.stderr)
else:
    sys.exit(
        "tlhub: this is not root, so all seats would run under one account and could read one "
        "another. Start it as root, or set TLHUB_ONE_ACCOUNT=yes to try it by yourself."
    )
try:
    check_machine(
        FOLDER,
        ACCOUNTS,
        {
            "the Python of the environment": PYTHON,
            "the course": repo_root() / "tlhelpers" / "__init__.py",
            "this folder": HERE / "seat.py",
            "data and weights": cache_path(),
        },
    )
except (SeatError, OSError) as error:
    sys.exit(f"tlhub: {error}")

# ---------------------------------------------------------------- the hub's own files
# Closed to others: they hold the keys to all sessions. Seats pass through the folder, no more.
FOLDER.mkdir(parents=True, exist_ok=True)
FOLDER.chmod(0o711)
OWN = FOLDER / "hub"
OWN.mkdir(exist_ok=True)
OWN.chmod(0o700)
c.JupyterHub.db_url = f"sqlite:///{OWN / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(OWN / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(OWN / "proxy.pid")

# ---------------------------------------------------------------- where it listens
# This machine alone. A web server in front of it (README.md) adds encryption and lets others in.
c.JupyterHub.bind_url = os.environ.get("TLHUB_URL", "http://127.0.0.1:8000")
c.JupyterHub.hub_ip = "127.0.0.1"
# The proxy that comes through pip. Node's configurable-http-proxy takes the same options.
PROXY = "from configurable_http_proxy.cli import main; main()"
c.ConfigurableHTTPProxy.command = [str(PYTHON), "-c", PROXY]
# Ctrl-C ends the hub, its proxy and all seats.
c.JupyterHub.cleanup_servers = True

# ---------------------------------------------------------------- who may come in
if LOGIN == "pam":
    c.JupyterHub.authenticator_class = "pam"
    # Everybody who has an account. To name those who may: c.Authenticator.allowed_users = {"ada"}
    c.Authenticator.allow_all = True
elif LOGIN == "list":
    c.JupyterHub.authenticator_class = ClassListAuthenticator
    c.ClassListAuthenticator.list_file = str(OWN / "class.txt")
    c.Authenticator.allow_all = True  # all who stand in the list
else:
    sys.exit(f'tlhub: TLHUB_LOGIN is {LOGIN!r}: "list" or "pam"')
# No admin: who runs the machine has its files anyway, and no session can then open another's seat.
c.Authenticator.admin_users = set()

# ---------------------------------------------------------------- what a seat is
c.JupyterHub.spawner_class = SeatSpawner
c.SeatSpawner.folder = str(FOLDER)
c.SeatSpawner.shared = str(cache_path())
c.SeatSpawner.accounts = ACCOUNTS
# Lessons are measured to run within 2 GB with TLHELPERS_JOBS=1. The watch in seat_memory.py holds
# a seat to this number; JupyterHub's own spawner would only write it into a variable.
c.Spawner.mem_limit = "2G"
c.Spawner.cmd = [str(PYTHON), str(HERE / "seat.py"), str(2 * 2**30)]
c.Spawner.args = [
    # Sockets of kernels are files of the learner's, where ports would be open to all seats.
    "--KernelManager.transport=ipc",
    # A kernel that nobody used for an hour gives its memory back, a seat after two hours.
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--MappingKernelManager.cull_connected=True",
    "--ServerApp.shutdown_no_activity_timeout=7200",
]
c.Spawner.env_keep = ["LANG", "LC_ALL"]  # nothing else of root's
c.Spawner.environment = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",  # the environment's programs come before these
    "TLHELPERS_OFFLINE": "1",  # what is missing is told at once, not asked of a network
    "TLHELPERS_JOBS": "1",  # comparisons of a lesson in one process
    "OMP_NUM_THREADS": "2",  # else each seat's torch takes all cores
    "TLHELPERS_VENV": str(venv_dir()),
}
c.Spawner.http_timeout = c.Spawner.start_timeout = 300  # thirty that start at once take a while
c.Spawner.disable_user_config = True  # a learner's own settings cannot open the seat to others
# Ends in seconds: notebooks are saved by the browser, nothing waits in the server.
c.SeatSpawner.interrupt_timeout = c.SeatSpawner.term_timeout = 5
