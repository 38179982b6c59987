"""A case: what every kind of evidence is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.evidence.ground import Line
from scangait.evidence.library import Library
from scangait.evidence.listed import SourceList
from scangait.evidence.marks import Marks, marks, side_by_side
from scangait.gait.samples import Sample
from scangait.probes import Probes
from scangait.telescope import Telescope


@dataclass(frozen=True, slots=True)
class Case:
    """The `samples` to speak about, cut from `probes` that the telescope `scope` saw, and the `library` known.

    `blocked` is a block list (prefixes) that scanners of the user's network are known to keep to, `listed` the user's
    list of known scanners. `marks` are looked for where they are not given, and `bearing` (N, M) has them side by side;
    `depths` say how far a walk was looked for in each sample, and `lines` what was found, where that is known.
    """

    probes: Probes
    samples: list[Sample]
    scope: Telescope
    library: Library
    blocked: str = ""
    listed: SourceList | None = None
    engine: Engine = field(default_factory=Serial)
    marks: tuple[Marks, ...] = ()
    depths: tuple[int, ...] = ()
    lines: tuple[Line | None, ...] = ()
    bearing: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """Look for the marks once, for all kinds of evidence."""
        if not self.marks:
            object.__setattr__(self, "marks", marks(self.probes))
        object.__setattr__(self, "bearing", side_by_side(self.marks, len(self.probes)))
