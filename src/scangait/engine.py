"""Where work runs: one ordered map."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Anything with an ordered, lazy map; every engine gives the same results in the same order."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply the function to each item and yield the results in the order of the items."""
        ...


class Serial:
    """One thing after another in this thread."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply the function lazily."""
        return map(function, items)


class Threads:
    """A pool of threads; the kernels release the interpreter lock, so this is where speed comes from."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply the function on all workers, results in order; an error in one item is raised at its place."""
        with ThreadPoolExecutor(self.workers) as pool:
            yield from pool.map(function, items)
