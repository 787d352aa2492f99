"""Judges answers outside the learner's process, which only gives values and calls its functions.

Nothing that a notebook prints, patches or overwrites changes a verdict that is reached here."""

from __future__ import annotations

import builtins
import re
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, NamedTuple

from tlhelpers.course.exercise_kinds import Exercise, Verdict
from tlhelpers.course.grading.variants import for_marks
from tlhelpers.course.grading.wire import MOST_BYTES, Other, pack, unpack

ADDRESS, KEY = "TLHELPERS_JUDGE", "TLHELPERS_JUDGE_KEY"
# Their functions take or give models, or tensors with gradients, which cannot go as plain data:
# these are judged in the learner's process, whose word the judge then takes.
INSIDE = frozenset(
    {"01.5", "02.6", "03.1", "03.2", "03.7", "08.3", "08.5", "08.9", "09.5", "11.2", "11.5"}
)
STOPPED = re.compile(r"Your function stopped with (\w+)")
STATES = ("right", "wrong", "open")


class Ruling(NamedTuple):
    """A verdict that counts, and the kind of error that an answer ended with, if it did."""

    verdict: Verdict
    error: str = ""


class Judge:
    """Waits for the answers of one notebook; `expect` says which exercise may be answered now."""

    def __init__(self, exercise_of: Callable[[str], Exercise]):
        self.exercise_of = exercise_of
        self.rulings: dict[str, Ruling] = {}
        self._asked: set[str] = set()
        self._expected = ""
        self._key = secrets.token_hex(16)
        self._done = False

    def __enter__(self) -> Judge:
        self._listener = Listener(authkey=self._key.encode())
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *stopped: object) -> None:
        self._done = True
        threading.Thread(target=self._come, daemon=True).start()
        self._thread.join(5)
        self._listener.close()

    def _come(self) -> None:
        """Come as a client, for what waits for one does not notice the end otherwise.

        If it has ended already, nobody answers before the listener is closed."""
        with suppress(OSError, EOFError):
            Client(self._listener.address, authkey=self._key.encode()).close()

    @property
    def variables(self) -> dict[str, str]:
        """What the learner's process must know to ask."""
        return {ADDRESS: str(self._listener.address), KEY: self._key}

    def expect(self, exercise_id: str) -> None:
        """Take an answer to this exercise, the first one alone, and to no other; "" for none."""
        self._expected = exercise_id

    def _wait(self) -> None:
        while not self._done:
            try:
                with self._listener.accept() as connection:
                    self._hear(connection)
            except Exception:  # a process that ended, or that sent what cannot be read
                continue

    def _hear(self, connection: Connection) -> None:
        asked = unpack(connection.recv_bytes(MOST_BYTES))
        exercise_id = asked["exercise"]
        if exercise_id != self._expected or exercise_id in self._asked:
            connection.send_bytes(pack({"refused": True}))
            return
        self._asked.add(exercise_id)
        ruling = self._judge(exercise_id, asked, connection)
        self.rulings[exercise_id] = ruling
        connection.send_bytes(pack({"verdict": list(ruling.verdict)}))

    def _judge(self, exercise_id: str, asked: dict, connection: Connection) -> Ruling:
        exercise = for_marks(self.exercise_of(exercise_id))
        if not asked["callable"]:
            return _ruling(_examined(exercise, asked["value"]))
        if exercise_id in INSIDE:
            connection.send_bytes(pack({"inside": True}))
            state, message = map(str, unpack(connection.recv_bytes(MOST_BYTES))["verdict"])
            if state not in STATES:
                raise ValueError(f"{state} is no state")
            return _ruling(Verdict(state, message))
        function = Elsewhere(connection)
        verdict = _examined(exercise, function)
        if verdict.state == "right" and function.changed:
            verdict = Verdict("wrong", function.changed)
        return _ruling(verdict)


def _ruling(verdict: Verdict) -> Ruling:
    stopped = STOPPED.match(verdict.message) if verdict.state == "wrong" else None
    return Ruling(verdict, stopped[1] if stopped else "")


def _examined(exercise: Exercise, answer: Any) -> Verdict:
    if answer is None or answer is Ellipsis:
        return Verdict("open")
    verdict = exercise.examine(answer)
    return Verdict("wrong", exercise.hints[0]) if verdict == ("wrong", "") else verdict


class Elsewhere:
    """A function of the learner's process, called from here."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self.changed = ""

    def __reduce__(self):
        raise TypeError("a function of another process stays there")

    def __call__(self, *arguments: Any) -> Any:
        self._connection.send_bytes(pack({"call": list(arguments)}))
        reply = unpack(self._connection.recv_bytes(MOST_BYTES))
        self.changed = self.changed or str(reply["changed"])
        if "error" in reply:
            name, said = map(str, reply["error"])
            raise _error_called(name)(said)
        return _readable(reply["result"])


def _readable(result: Any) -> Any:
    """A result as a check may look at it."""
    if isinstance(result, Other):
        return object()
    if type(result) in (list, tuple):
        return type(result)(map(_readable, result))
    return result


def _error_called(name: str) -> type[Exception]:
    """Python's error of this name, for checks that expect one; a RuntimeError for others."""
    kind = getattr(builtins, name, None)
    known = isinstance(kind, type) and issubclass(kind, Exception)
    return kind if known and kind is not UnicodeDecodeError else RuntimeError
