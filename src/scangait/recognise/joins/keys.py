"""What one run writes into every header, whatever source sends it: Unicornscan's key, Masscan's start second."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.recognise.joins.overlap import rarity
from scangait.recognise.joins.scans import SURE_BITS, Join, Scans, choice, heads
from scangait.scanners import SCANNERS
from scangait.scanners.masscan import FIRST_PORT, START_CYCLE
from scangait.scanners.unicornscan import keys

KEY_PROOF: Final = "one Unicornscan key"
START_PROOF: Final = "one Masscan start"
KEY_BITS: Final = 32.0
FAITHFUL: Final = 0.95
APART_S: Final = 2
"""One script starts Masscan on all its sources within so many seconds of each other."""


def shared_keys(scans: Scans) -> list[Join]:
    """Scans, of any port, whose sequence numbers were made with one key of Unicornscan."""
    if scans.probes.seq is None:
        return []
    first, ends = heads(scans)
    found, counts = keys(first), np.diff(ends, prepend=0)
    scan = np.repeat(np.arange(len(ends)), counts)
    own = found[np.lexsort((found, scan))[ends - counts + counts // 2]]  # what most of a head have is its median
    keyed, joins = np.flatnonzero(_faithful(found == own[scan], ends) & (counts > 1)), []
    for key in np.unique(own[keyed]):
        members = keyed[own[keyed] == key]
        sources = len(np.unique(scans.source[members]))
        bits = (sources - 1) * KEY_BITS - choice(len(keyed), len(members))
        if sources > 1 and bits >= SURE_BITS:
            reason = f"the sequence numbers of {sources} sources are made with one key, {int(key):#010x}: Unicornscan"
            joins.append(Join(tuple(members.tolist()), KEY_PROOF, bits, reason))
    return joins


def shared_starts(scans: Scans) -> list[Join]:
    """Masscan scans of one port that began in one second and hardly meet.

    Masscan's source port is 40000 + the second of its start modulo 20000 (scanners.md, 2.4), unless one is given.
    """
    first, ends = heads(scans)
    marked = np.zeros(len(first), np.bool_)
    for signature in SCANNERS["masscan"].signatures:
        marked |= signature.match(first)
    start = np.full(len(ends), -1, np.int64)
    for scan in np.flatnonzero(_faithful(marked, ends)).tolist():
        start[scan] = _start(scans, scan)
    return [join for group in scans.groups() for join in _of_port(scans, group[start[group] >= 0], start)]


def _faithful(marked: NDArray[np.bool_], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of which heads (S,), one after another with these exclusive ends, nearly all probes (N,) are marked."""
    counts = np.diff(ends, prepend=0)
    return np.asarray(np.add.reduceat(marked, ends - counts, dtype=np.int64) >= FAITHFUL * counts)


def _start(scans: Scans, scan: int) -> int:
    """The second at which a scan of Masscan began, -1 where nothing says it."""
    sport = scans.probes.sport[scans.samples[scan].members]
    port = int(sport.min())
    if int(sport.max()) - port >= 16 or not FIRST_PORT <= port < FIRST_PORT + START_CYCLE:
        return -1
    first = int(scans.first_ns[scan]) // 10**9
    return first - (first - (port - FIRST_PORT)) % START_CYCLE


def _of_port(scans: Scans, group: NDArray[np.int64], start: NDArray[np.int64]) -> Iterator[Join]:
    group = group[np.argsort(start[group], kind="stable")]
    cuts = np.flatnonzero(np.diff(start[group]) > APART_S) + 1
    for members in np.split(group, cuts):
        sources = len(np.unique(scans.source[members]))
        if sources < 2:
            continue
        *own, union = scans.sizes(members.tolist()).tolist()
        span = int(start[members].max() - start[members].min()) + 1
        apart = rarity(np.array(own), union, scans.scope.size)
        bits = (sources - 1) * log2(START_CYCLE / (2 * span)) + apart - choice(len(group), len(members))
        if bits >= SURE_BITS and (apart > 0 or union == sum(own)):
            reason = (
                f"{sources} sources began within {span} s by Masscan's source port and share {sum(own) - union} of "
                f"{union} addresses"
            )
            yield Join(tuple(np.sort(members).tolist()), START_PROOF, bits, reason)
