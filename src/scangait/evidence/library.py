"""The library: candidate models, the recipe they were learned by, and where they come from, in one JSON file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from scangait.capture.whole import whole_file
from scangait.errors import FitError, LibraryError
from scangait.evidence.calibration import Calibration, uncalibrated
from scangait.evidence.typical import Typical
from scangait.model.hmm import HMM
from scangait.model.poisson import PoissonHMM
from scangait.recipe import Recipe
from scangait.scanners import SCANNERS

FORMAT: Final = "scangait.library"
VERSION: Final = 2
CHANCE: Final = "chance"
"""Label of the candidate that stands for a random walk: uniform steps at exponential gaps."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The model kept for one group of models of a label; `members` models were in its group."""

    label: str
    port: int
    members: int
    model: HMM


@dataclass(frozen=True, slots=True)
class Intensity:
    """The model of the addresses per window of time in `members` samples of a label that are about equally bursty."""

    label: str
    members: int
    model: PoissonHMM


@dataclass(frozen=True, slots=True)
class Library:
    """What identification knows: `candidates`, the `recipe`, the `size` of the telescope they were learned on.

    `intensities` are empty where the recipe's scale is raw, which has no model of chance to compare with.
    `typical` says how well the scans of each label usually fit, `calibrations` how the kinds of evidence are weighed;
    both come from trials (docs/choices.md).
    `provenance` says in words what the models were learned from; `simulated` is True when any of it was simulated.
    """

    candidates: tuple[Candidate, ...]
    recipe: Recipe
    size: int
    provenance: str
    simulated: bool = False
    intensities: tuple[Intensity, ...] = ()
    typical: tuple[Typical, ...] = ()
    calibrations: tuple[Calibration, ...] = ()

    @property
    def labels(self) -> list[str]:
        """Every tool that can be named: those with candidates and those with marks, in alphabetical order."""
        marked = {name for name, tool in SCANNERS.items() if tool.signatures}
        return sorted(({one.label for one in self.candidates} | marked) - {CHANCE})

    def calibration(self, kinds: Iterable[str]) -> Calibration:
        """How to weigh these kinds of evidence together; the user's own list of sources is taken at its word."""
        chosen = tuple(sorted(set(kinds) - {"sources"}))
        fitted = (one for one in self.calibrations if one.kinds == chosen)
        return next(fitted, uncalibrated(chosen))

    @classmethod
    def bundled(cls) -> Library:
        """The library that comes with the program; docs/library.md says what it was learned from and how."""
        return parse(files("scangait").joinpath("library.json").read_bytes(), "the bundled library")

    @classmethod
    def load(cls, path: str | Path) -> Library:
        """Read a library file. Raises LibraryError when it is missing, damaged or newer than this program."""
        try:
            return parse(Path(path).read_bytes(), str(path))
        except OSError as error:
            raise LibraryError(f"{path}: cannot be read ({error.strerror}); make one with `scangait learn`") from error

    def save(self, path: str | Path) -> None:
        """Write the library whole or not at all."""
        with whole_file(Path(path)) as out:
            out.write(encode(self))


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: str
    port: int
    members: int
    start: list[float]
    transition: list[list[float]]
    means: list[list[float]]
    variances: list[list[float]]


class _Intensity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: str
    members: int
    start: list[float]
    transition: list[list[float]]
    rates: list[float]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    format_version: int
    provenance: str
    simulated: bool
    size: int
    recipe: dict[str, Any]
    candidates: list[_Model]
    intensities: list[_Intensity]
    typical: list[Typical] = []
    calibrations: list[Calibration] = []


def encode(library: Library) -> bytes:
    """The library as readable JSON; floats round-trip exactly."""
    models = [
        _Model(
            candidate.label,
            candidate.port,
            candidate.members,
            candidate.model.start.tolist(),
            candidate.model.transition.tolist(),
            candidate.model.means.tolist(),
            candidate.model.variances.tolist(),
        )
        for candidate in library.candidates
    ]
    paces = [
        _Intensity(
            one.label, one.members, one.model.start.tolist(), one.model.transition.tolist(), one.model.rates.tolist()
        )
        for one in library.intensities
    ]
    recipe = asdict(library.recipe)
    content = _File(
        FORMAT, VERSION, library.provenance, library.simulated, library.size, recipe, models, paces,
        list(library.typical), list(library.calibrations),
    )  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def parse(raw: bytes, name: str) -> Library:
    """A library from its JSON; `name` says in errors where it came from. Raises LibraryError."""
    try:
        head = msgspec.json.decode(raw, type=dict[str, Any])
        if head.get("format") != FORMAT:
            raise LibraryError(f"{name}: not a library (format {head.get('format')!r}); make one with `scangait learn`")
        if head.get("format_version") != VERSION:
            raise LibraryError(
                f"{name}: library version {head.get('format_version')}, this program reads {VERSION}; "
                "update scangait or learn it again"
            )
        content = msgspec.json.decode(raw, type=_File)
        recipe = msgspec.convert(content.recipe, Recipe)
        candidates = tuple(_candidate(model) for model in content.candidates)
        intensities = tuple(_intensity(model) for model in content.intensities)
    except (msgspec.DecodeError, FitError, ValueError, TypeError) as error:
        raise LibraryError(f"{name}: damaged library ({error}); learn it again with `scangait learn`") from error
    return Library(
        candidates, recipe, content.size, content.provenance, content.simulated, intensities,
        tuple(content.typical), tuple(content.calibrations),
    )  # fmt: skip


def _candidate(model: _Model) -> Candidate:
    parts = (np.array(part, np.float64) for part in (model.start, model.transition, model.means, model.variances))
    return Candidate(model.label, model.port, model.members, HMM(*parts))


def _intensity(model: _Intensity) -> Intensity:
    parts = (np.array(part, np.float64) for part in (model.start, model.transition, model.rates))
    return Intensity(model.label, model.members, PoissonHMM(*parts))
