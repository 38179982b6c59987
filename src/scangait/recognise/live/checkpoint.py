"""Checkpoint: a watch on disk, whole or absent, from which another run goes on without a word too many or too few."""

from __future__ import annotations

import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from scangait.capture.position import Position
from scangait.capture.whole import whole_file
from scangait.errors import CheckpointError
from scangait.recognise.live.scan import Stream
from scangait.recognise.live.watch import Watch

VERSION: Final = 1


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Where a watch stood: everything in front of `position` was taken, alerts up to `sequence` are safe.

    `idle_ns` is the clock of a look for quiet scans that was about to be made, 0 for none: whoever goes on makes it
    first, so that its alerts get the same numbers again.
    """

    position: Position | None = None
    sequence: int = 0
    idle_ns: int = 0


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """What is not an array. A watch goes on only as the same watch: `about` says which it was."""

    version: int
    about: dict[str, str]
    mark: Mark
    next_sweep: int
    tallies: tuple[int, int, int]
    streams: list[Stream]


def save(path: Path, watch: Watch, mark: Mark) -> None:
    """Write a checkpoint in place of the last. Raises OutputError, and the last one stays, where it cannot."""
    document = _Document(
        version=VERSION,
        about=_about(watch),
        mark=mark,
        next_sweep=watch.next_sweep,
        tallies=(watch.missed, watch.dropped, watch.early),
        streams=list(watch.streams.values()),
    )
    arrays: dict[str, Any] = watch.arena.state()
    arrays["document"] = np.frombuffer(msgspec.json.encode(document), np.uint8)
    with whole_file(path) as out:
        np.savez(out, **arrays)
        out.flush()
        os.fsync(out.fileno())


def load(path: Path, watch: Watch) -> Mark | None:
    """Make a new watch what the checkpoint says; None where there is none. Raises CheckpointError."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays: dict[str, NDArray[Any]] = {name: stored[name] for name in stored.files}
        document = msgspec.json.decode(arrays["document"].tobytes(), type=_Document)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise CheckpointError(f"{path}: damaged ({error}); delete it to begin anew") from error
    now = _about(watch)
    other = [f"{name} {document.about.get(name)!r}, now {said!r}" for name, said in now.items()
             if document.about.get(name) != said]  # fmt: skip
    if document.version != VERSION or other:
        what = "; ".join(other) or f"checkpoint format {document.version}"
        raise CheckpointError(f"{path}: is of another watch ({what}); give the same options or delete it to begin anew")
    watch.arena.restore(arrays)
    watch.streams = {stream.key: stream for stream in document.streams}
    watch.next_sweep = document.next_sweep
    watch.missed, watch.dropped, watch.early = document.tallies
    return document.mark


def _about(watch: Watch) -> dict[str, str]:
    """Everything on which the words of a watch depend beside its probes."""
    library = watch.library
    return {
        "telescope": str(watch.scope),
        "library": library.provenance,
        "recipe": str(asdict(library.recipe)),
        "evidence": ",".join(watch.evidence),
        "sure": str(watch.sure),
        "memory": str(len(watch.arena.previous)),
    }
