"""Row files: CSV, TSV, Parquet, Zeek conn.log and Suricata EVE, each a map from its column names to ours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scangait.capture.batch import Batch, Tally
from scangait.capture.unpack import Damaged
from scangait.errors import CaptureError
from scangait.probes import COLUMNS, ICMP, REQUIRED, TCP, UDP, Probes, empty

if TYPE_CHECKING:
    import polars as pl

ROWS: Final = 1_000_000
PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
NAMES: Final = {
    "time_ns": ("time_ns", "time", "ts", "timestamp"),
    "src": ("src", "id.orig_h", "src_ip"),
    "dst": ("dst", "id.resp_h", "dest_ip"),
    "sport": ("sport", "id.orig_p", "src_port"),
    "dport": ("dport", "id.resp_p", "dest_port"),
    "proto": ("proto",),
}
"""Our column, and the names it is looked for under: our own and plain ones, Zeek's, Suricata's."""
DEFAULTS: Final = {"sport": 0, "proto": TCP}
"""What stands for a column that a row file may lack."""
ANSWERED: Final = {"SF", "S1", "S2", "S3", "RSTO", "RSTR", "SHR", "RSTRH", "OTH"}
"""Zeek connection states that are no bare probe from the originator."""


def row_batches(name: str, head: bytes, pieces: Iterator[bytes], columns: Mapping[str, str]) -> Iterator[Batch]:
    """Batches of one row file. Raises CaptureError for a missing column or a value that does not parse."""
    warnings: list[str] = []
    for first_row, table in _tables(name, head, pieces, warnings):
        yield _batch(name, first_row, table, _mapped(name, table.columns, columns))
    yield Batch(empty(), Tally(warnings=tuple(warnings)))


def _collected(pieces: Iterator[bytes], warnings: list[str]) -> bytes:
    """All bytes; of damaged compressed data the whole lines before the damage."""
    parts: list[bytes] = []
    try:
        parts.extend(pieces)
    except Damaged as damage:
        warnings.append(str(damage))
        raw = b"".join(parts)
        return raw[: raw.rfind(b"\n") + 1]
    return b"".join(parts)


def _tables(name: str, head: bytes, pieces: Iterator[bytes], warnings: list[str]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Tables of text or numbers, each with the line or row number of its first row."""
    import polars as pl

    if head[:4] == b"PAR1":
        if not Path(name).is_file():
            raise CaptureError(f"{name}: Parquet needs a file to read from; save it first")
        lazy = pl.scan_parquet(name)
        total = int(lazy.select(pl.len()).collect().item())
        for start in range(0, max(total, 1), ROWS):
            yield start + 1, lazy.slice(start, ROWS).collect()
        return
    raw = _collected(pieces, warnings)
    try:
        yield _text_table(name, raw)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise CaptureError(
            f"{name}: neither a capture nor a row file ({reason}); give pcap, pcapng, CSV, Parquet"
        ) from error


def _text_table(name: str, raw: bytes) -> tuple[int, pl.DataFrame]:
    import polars as pl

    if raw.lstrip()[:1] == b"{":
        table = pl.read_ndjson(io.BytesIO(raw), infer_schema_length=None)
        if "event_type" in table.columns:  # Suricata EVE
            table = table.filter(pl.col("event_type").is_in(["flow", "alert"]))
        return 1, _unanswered(table)
    if raw.startswith(b"#separator"):  # Zeek TSV
        fields = next(line for line in raw.split(b"\n") if line.startswith(b"#fields")).decode().split("\t")[1:]
        body = b"\n".join(line for line in raw.split(b"\n") if line and not line.startswith(b"#"))
        table = pl.read_csv(io.BytesIO(body), separator="\t", has_header=False, new_columns=fields, infer_schema=False)
        return raw.count(b"\n#") + 2, _unanswered(table)
    first = raw.split(b"\n", 1)[0]
    if b"\x00" in raw[:4096] or not (b"," in first or b"\t" in first):
        raise CaptureError(
            f"{name}: not a capture and no table of rows; give pcap, pcapng, CSV, TSV, Parquet or JSON lines"
        )
    return 2, pl.read_csv(io.BytesIO(raw), separator="\t" if b"\t" in first else ",", infer_schema=False)


def _unanswered(table: pl.DataFrame) -> pl.DataFrame:
    """Connections that nobody answered, where the file says so."""
    import polars as pl

    return table.filter(~pl.col("conn_state").is_in(list(ANSWERED))) if "conn_state" in table.columns else table


def _mapped(name: str, present: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Our column -> the file's; the user's names first. Raises CaptureError where a column is missing."""
    asked = {{"time": "time_ns"}.get(ours, ours): theirs for ours, theirs in columns.items()}
    for ours, theirs in asked.items():
        if ours not in COLUMNS or theirs not in present:
            have = ", ".join(present[:12])
            raise CaptureError(f"{name}: no column {theirs!r} for {ours!r}; the file has {have}")
    found = dict(asked)
    for ours in COLUMNS:
        candidates = NAMES.get(ours, (ours,))
        match = next((theirs for theirs in candidates if theirs in present), None)
        if ours not in found and match:
            found[ours] = match
    missing = [ours for ours in REQUIRED if ours not in found and ours not in DEFAULTS]
    if missing:
        wanted = missing[0].removesuffix("_ns")
        raise CaptureError(
            f"{name}: no column for {wanted}; name it with --columns {wanted}=YOURS (has {', '.join(present[:8])})"
        )
    return found


def _batch(name: str, first_row: int, table: pl.DataFrame, mapped: Mapping[str, str]) -> Batch:
    parsed: dict[str, Any] = {}
    for ours, theirs in mapped.items():
        values = table[theirs].to_list()
        parsed[ours] = np.array(
            [_value(value, ours, theirs, name, first_row + row) for row, value in enumerate(values)], COLUMNS[ours]
        )
    if not len(table):
        return Batch(empty(), Tally())
    for ours, default in DEFAULTS.items():
        parsed.setdefault(ours, np.full(len(table), default, COLUMNS[ours]))
    return Batch(Probes(**parsed), Tally({"probes": len(table)}))


def _value(value: Any, ours: str, theirs: str, name: str, row: int) -> Any:
    try:
        if ours == "time_ns":
            return _nanoseconds(value, theirs)
        if ours in {"src", "dst"}:
            return value if isinstance(value, int) else int(IPv4Address(value))
        if ours == "proto" and not isinstance(value, int):
            return PROTOCOLS.get(str(value).lower()) or int(value)
        if ours == "label":
            return "" if value is None else str(value)
        number = int(value)
        COLUMNS[ours](number)
    except (ValueError, OverflowError, TypeError, InvalidOperation) as error:
        raise CaptureError(f"{name}: row {row}, column {theirs}: {value!r} is no {ours.removesuffix('_ns')}") from error
    return number


def _nanoseconds(value: Any, theirs: str) -> int:
    """Epoch seconds or ISO 8601 text to nanoseconds, without a float in between; `time_ns` is taken as it is."""
    if hasattr(value, "timestamp"):
        return (
            int(np.datetime64(value, "ns").astype(np.int64))
            if value.tzinfo is None
            else _nanoseconds(value.isoformat(), "")
        )
    if theirs == "time_ns":
        return int(value)
    text = str(value)
    try:
        return int(Decimal(text) * 1_000_000_000)
    except InvalidOperation:
        whole, dot, rest = text.partition(".")
        digits = re.match(r"\d*", rest)
        fraction = digits[0] if digits else ""
        moment = datetime.fromisoformat(whole + rest[len(fraction) :])
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        return seconds * 1_000_000_000 + int(fraction[:9].ljust(9, "0") if dot else 0)
