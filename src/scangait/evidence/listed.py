"""Lists of known scanners: CSV files of prefix, label and the day on which that was last known to be true."""

from __future__ import annotations

import csv
import ipaddress
import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scangait.errors import CaptureError


@dataclass(frozen=True, slots=True)
class SourceList:
    """Known scanners: disjoint ranges `first` and `last` (R,) inclusive, ascending, their `label` (R,), and the day
    `dated_ns` (R,) on which each was last known to be true (UTC nanoseconds, 0 where the list does not say).
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    label: NDArray[np.str_]
    dated_ns: NDArray[np.int64]


def source_list(path: Path) -> SourceList:
    """Read a CSV of `prefix,label` or `prefix,label,date` rows (dates as 2026-11-25).

    Raises CaptureError for a row that does not parse, with its number, and for prefixes that overlap.
    """
    try:
        rows = list(csv.reader(path.read_text().splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise CaptureError(f"{path}: cannot be read ({error}); give a CSV of prefix,label[,date]") from error
    ranges = [_range(path, number, row) for number, row in enumerate(rows, 1) if _counts(number, row)]
    ranges.sort()
    for before, after in itertools.pairwise(ranges):
        if after[0] <= before[1]:
            raise CaptureError(f"{path}: prefixes of {before[2]!r} and {after[2]!r} overlap; list each address once")
    first, last, names, days = zip(*ranges, strict=True) if ranges else ((), (), (), ())
    return SourceList(
        np.array(first, np.int64), np.array(last, np.int64), np.array(names, np.str_), np.array(days, np.int64)
    )


def entry(sources: SourceList, src: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The range (N,) of the list in which each address (N,) lies, -1 for none."""
    if not len(sources.first):
        return np.full(len(src), -1)
    address = src.astype(np.int64)
    place = np.clip(np.searchsorted(sources.first, address, side="right") - 1, 0, None)
    return np.where((address >= sources.first[place]) & (address <= sources.last[place]), place, -1)


def _counts(number: int, row: list[str]) -> bool:
    """Whether a row is data: no blank line, no comment, no heading."""
    return bool(row) and not row[0].startswith("#") and not (number == 1 and row[0] == "prefix")


def _range(path: Path, number: int, row: list[str]) -> tuple[int, int, str, int]:
    try:
        network, name = ipaddress.IPv4Network(row[0].strip()), row[1].strip().lower()
        day = date.fromisoformat(row[2].strip()) if len(row) > 2 and row[2].strip() else None
    except (ValueError, IndexError) as error:
        raise CaptureError(f"{path}: row {number}: {','.join(row)!r} is no prefix,label[,date] ({error})") from error
    since = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() if day else 0.0
    return int(network[0]), int(network[-1]), name, int(since) * 10**9
