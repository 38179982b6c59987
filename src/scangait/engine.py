"""Where work runs: one ordered map."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

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


class Processes:
    """A pool of forked processes, for long work that holds the interpreter lock; threads where forking is not safe.

    What the function knows is there after the fork, so that results alone are sent between processes.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply the function in all processes, results in order; a single item is done here."""
        work = list(items)
        if len(work) < 2:
            yield from map(function, work)
        elif sys.platform != "linux":
            yield from Threads(self.workers).map(function, work)
        else:
            _FORKED.append((function, work))
            try:
                with uncollected(), get_context("fork").Pool(self.workers) as pool:
                    yield from pool.imap(_forked, range(len(work)))
            finally:
                _FORKED.pop()


@contextmanager
def uncollected() -> Iterator[None]:
    """Without a search for cyclic garbage: it would look through all results again and again, and copy what forked
    processes share.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.freeze()
            gc.unfreeze()  # what was made meanwhile counts as old, so that it is not looked through at once
            gc.enable()


_FORKED: list[tuple[Callable[[Any], Any], list[Any]]] = []
"""What a process that is about to be forked will have to do."""


def _forked(index: int) -> Any:
    function, work = _FORKED[-1]
    return function(work[index])
