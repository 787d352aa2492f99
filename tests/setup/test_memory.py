"""Freed memory goes back to the system when it is asked for, and not before."""

import os
import subprocess
import sys

import pytest

from tlhelpers.setup import memory
from tlhelpers.setup.environment import KEEP_MEMORY

PROGRAM = """
import ctypes, psutil
from tlhelpers.setup.memory import give_back_memory
here = psutil.Process()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [libc.malloc(2**20) for _ in range(200)]
for block in blocks:
    ctypes.memset(block, 1, 2**20)
full = here.memory_info().rss
for block in blocks[:-1]:  # the last one lies on top of all others
    libc.free(ctypes.c_void_p(block))
kept = here.memory_info().rss
give_back_memory()
print((full - kept) // 2**20, (full - here.memory_info().rss) // 2**20)
"""


@pytest.mark.skipif(memory._trim() is None, reason="this system has no glibc to keep memory")
def test_what_was_freed_stays_until_it_is_given_back():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | KEEP_MEMORY,
        capture_output=True,
        text=True,
        check=True,
    )
    kept_less, given_back = map(int, done.stdout.split())
    assert kept_less < 20 and given_back > 180


def test_without_glibc_nothing_happens(monkeypatch):
    memory._trim.cache_clear()
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    try:
        assert memory._trim() is None
        memory.give_back_memory()
    finally:
        memory._trim.cache_clear()
