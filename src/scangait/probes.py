"""Probes: the columns that everything else reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17

COLUMNS: Final = {
    "time_ns": np.int64,
    "src": np.uint32,
    "dst": np.uint32,
    "sport": np.uint16,
    "dport": np.uint16,
    "proto": np.uint8,
    "ip_id": np.uint16,
    "ttl": np.uint8,
    "length": np.uint16,
    "df": np.bool_,
    "window": np.uint16,
    "seq": np.uint32,
    "mss": np.uint16,
    "options": np.uint64,
    "label": np.str_,
}
"""Name and type of each column; the first six are always there, the header fields and the label only where known."""

REQUIRED: Final = ("time_ns", "src", "dst", "sport", "dport", "proto")


@dataclass(frozen=True, slots=True)
class Probes:
    """N unsolicited packets (TCP SYN without ACK, UDP, ICMP echo request) as columns of shape (N,).

    `time_ns` is int64 UTC nanoseconds; `src` and `dst` are IPv4 addresses as host-order integers. For ICMP, `sport` is
    the identifier, `dport` 0 and `seq` the sequence number. A header column is None where the input did not have it.
    `options` holds the TCP option kinds in wire order (see `pack_options`), `mss` the MSS option or 0, `length` the IP
    total length. `label` names the scanner where it is known, "" where not.
    """

    time_ns: NDArray[np.int64]
    src: NDArray[np.uint32]
    dst: NDArray[np.uint32]
    sport: NDArray[np.uint16]
    dport: NDArray[np.uint16]
    proto: NDArray[np.uint8]
    ip_id: NDArray[np.uint16] | None = None
    ttl: NDArray[np.uint8] | None = None
    length: NDArray[np.uint16] | None = None
    df: NDArray[np.bool_] | None = None
    window: NDArray[np.uint16] | None = None
    seq: NDArray[np.uint32] | None = None
    mss: NDArray[np.uint16] | None = None
    options: NDArray[np.uint64] | None = None
    label: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        for name, column in columns(self).items():
            if column.shape != self.time_ns.shape:
                raise ValueError(f"column {name} has shape {column.shape}, time_ns has {self.time_ns.shape}")

    def __len__(self) -> int:
        return len(self.time_ns)


def columns(probes: Probes) -> dict[str, NDArray[Any]]:
    """The columns that are present, by name, in the order of `COLUMNS`."""
    present = ((field.name, getattr(probes, field.name)) for field in fields(probes))
    return {name: column for name, column in present if column is not None}


def take(probes: Probes, where: NDArray[np.bool_] | NDArray[np.integer] | slice) -> Probes:
    """The probes at `where` (a mask, indices or a slice), in that order."""
    return Probes(**{name: column[where] for name, column in columns(probes).items()})


def concat(parts: Iterable[Probes], room: int = 0) -> Probes:
    """All probes of the parts, one after another; a column that some part lacks is dropped.

    Each part is written where it stays and may be forgotten then. Columns begin with room for so many probes: what is
    never written to takes no memory, and what is written twice costs more than reading it did.
    """
    whole: dict[str, NDArray[Any]] | None = None
    count = 0
    for part in parts:
        own, end = columns(part), count + len(part)
        if whole is None:
            whole = {name: np.empty(max(room, end), column.dtype) for name, column in own.items()}
        whole = {name: _widened(whole[name], count, end, own[name].dtype) for name in whole if name in own}
        for name, column in whole.items():
            column[count:end] = own[name]
        count = end
    return empty() if whole is None else Probes(**{name: column[:count] for name, column in whole.items()})


def _widened(column: NDArray[Any], count: int, end: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """A column of which the first `count` are used, with room for `end` and for values of this kind."""
    wide = np.promote_types(column.dtype, kind)
    if end <= len(column) and wide == column.dtype:
        return column
    wider = np.empty(max(end, 2 * len(column) if end > len(column) else len(column)), wide)
    wider[:count] = column[:count]
    return wider


def empty() -> Probes:
    """No probes, with the required columns only."""
    columnless: dict[str, NDArray[Any]] = {name: np.empty(0, COLUMNS[name]) for name in REQUIRED}
    return Probes(**columnless)


def in_time_order(probes: Probes) -> Probes:
    """The probes sorted by time; probes of one instant keep their order."""
    if np.all(probes.time_ns[1:] >= probes.time_ns[:-1]):
        return probes
    return take(probes, np.argsort(probes.time_ns, kind="stable"))


def without_headers(probes: Probes) -> Probes:
    """The same probes with every header field forgotten: what movement alone may look at."""
    return Probes(**{name: getattr(probes, name) for name in REQUIRED}, label=probes.label)


def labelled(probes: Probes, label: NDArray[np.str_]) -> Probes:
    """The same probes with these labels (N,)."""
    return replace(probes, label=label)


def pack_options(kinds: Iterable[int]) -> int:
    """TCP option kinds in wire order as one integer: four bits each, lowest first, kind + 1, 15 for kinds above 13.

    Only the first sixteen options are kept. RFC 9293, section 3.1.

    >>> hex(pack_options([2, 1, 3]))  # MSS, NOP, window scale
    '0x423'
    """
    return sum(min(kind + 1, 15) << 4 * place for place, kind in zip(range(16), kinds, strict=False))
