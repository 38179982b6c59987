"""Rehearsal: the first run on a machine compiles its kernels, on two cores instead of one.

How it flows: a second process begins with what the first needs right after reading, then compiles the longest part of
the search for walks, while the first compiles its way there. Then it identifies a few probes that it makes up, of which
cheap evidence says that they are no walk, and follows a walk that there is not: that compiles what stands behind the
search. Numba keeps it all on disk, where the first process finds it. Nothing else passes between the two.
(`live/warm.py` has a watch compile everything before it begins, in one process.)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scangait.capture.batch import Batch, Tally
from scangait.errors import ScangaitError
from scangait.evidence.forecast import course
from scangait.evidence.ground import Line, grounds
from scangait.evidence.library import Library
from scangait.evidence.line import of_triple, pairs_of
from scangait.evidence.points import Points
from scangait.evidence.stages import through
from scangait.evidence.visits import DEEPEST
from scangait.gait.samples import NANOSECOND
from scangait.gait.streams import by_source
from scangait.probes import COLUMNS, TCP, Probes
from scangait.recognise.classify import report
from scangait.telescope import infer, position

SOURCES: Final = 8
EACH: Final = 256
SIZE: Final = 2**10
"""Made-up sources with so many probes each, of a telescope in which they must meet and come again."""


@contextmanager
def rehearsed(library: Library) -> Iterator[None]:
    """Where no search has ever been compiled, have the rest compiled by a second process in the meantime."""
    if sys.platform != "linux" or compiled():
        yield
        return
    second = get_context("fork").Process(target=_rehearse, args=(library,), daemon=True)
    second.start()
    try:
        yield
    finally:
        second.terminate()  # what it has not finished by now, the first process has compiled itself
        second.join()


def _rehearse(library: Library) -> None:
    probes = made_up()
    by_source(probes)
    position(infer(probes.dst), probes.dst)
    _parts_of_the_search()
    seconds, ground = (probes.time_ns - probes.time_ns[0]) * NANOSECOND, grounds(probes.dst)[0]
    # a library of its own kind, which needs other probes, is rehearsed less
    with suppress(ScangaitError, KeyboardInterrupt):
        report(Batch(probes, Tally()), library, None, ("rehearsal",))
        course(Line(ground, 1, 1.0, 1, 0, 0, 0.0), seconds, probes.dst)


def _parts_of_the_search() -> None:
    """The kernels that `through` calls, for arguments of the types that it has for them."""
    x, when, each = np.arange(3), np.frombuffer(np.arange(3.0).tobytes()), np.arange(3.0)
    points, room = Points(x, when, 3, 7, 6, 0.5, 0.0, 0.0), np.zeros(3 * DEEPEST, np.int64)
    of_triple(points, 0, 1, 2, 1, 1, 1.0, 1.0, 0.0, x[:0], room, each, each)
    pairs_of(when, 3.0, x, x, each)


def compiled() -> bool:
    """Whether the kernel that takes longest is on disk."""
    search: Any = through
    return any(Path(search.stats.cache_path).glob("stages.through*.nbi"))


def made_up() -> Probes:
    """Probes of no scan that there is: with Mirai's mark, at random addresses."""
    rng, count = np.random.default_rng(1), SOURCES * EACH
    columns: dict[str, NDArray[Any]] = {
        name: np.zeros(count, kind) for name, kind in COLUMNS.items() if name != "label"
    }
    columns["time_ns"] = np.sort(rng.integers(0, 10**12, count))
    columns["src"] = rng.permutation(np.repeat(np.arange(SOURCES, dtype=np.uint32), EACH))
    columns["dst"] = columns["seq"] = rng.integers(0, SIZE, count, np.uint32)
    columns["proto"][:] = TCP
    columns["dport"][:] = 23
    return Probes(**columns)
