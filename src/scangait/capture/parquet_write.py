"""Parquet out: probes as columns, written batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scangait.capture.whole import whole_file
from scangait.probes import Probes, columns


def write_parquet(path: Path, parts: Iterable[Probes]) -> int:
    """Write the probes to one Parquet file, whole or not at all; how many there were. Raises OutputError."""
    import polars as pl

    tables = [pl.DataFrame(columns(part)) for part in parts]
    table = pl.concat(tables) if tables else pl.DataFrame()
    with whole_file(path) as out:
        table.write_parquet(out)
    return len(table)
