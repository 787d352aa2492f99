"""Sets that are made when somebody asks for them, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping


class SetsOnDemand(Mapping):
    """A mapping whose sets are made at the first look and then kept.

    Parameters
    ----------
    makers : dict of str to callable
        Each gives one set.
    """

    def __init__(self, makers: Mapping[str, Callable[[], object]]):
        self._makers, self._made = dict(makers), {}

    def __getitem__(self, name: str) -> object:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
