"""Row files out: probes as columns of Parquet or CSV."""

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


def write_csv(path: Path, probes: Probes) -> None:
    """Write the probes as CSV with addresses as text, whole or not at all. Raises OutputError."""
    from ipaddress import IPv4Address

    import polars as pl

    table = pl.DataFrame(columns(probes)).with_columns(pl.selectors.boolean().cast(pl.UInt8))
    for name in ("src", "dst"):
        words = [str(IPv4Address(number)) for number in table[name].to_list()]
        table = table.with_columns(pl.Series(name, words, pl.String))
    with whole_file(path) as out:
        table.write_csv(out)
