"""Run by each child Python, since conftest.py puts this folder on its PYTHONPATH."""

import sys
from importlib import machinery, util
from pathlib import Path

import guard

guard.install(*guard.ALL)

_here = Path(__file__).resolve().parent
_others = [entry for entry in sys.path if Path(entry or ".").resolve() != _here]
_next = machinery.PathFinder.find_spec("sitecustomize", _others)
if _next is not None:
    _next.loader.exec_module(util.module_from_spec(_next))
