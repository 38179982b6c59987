"""The recipe: every number the method needs; what the paper leaves open is named here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Movement = Literal["spatial", "temporal", "joint"]
MOVEMENTS: tuple[Movement, ...] = get_args(Movement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All choices of one way to learn and classify; the docs page *Choices* explains each with its measurements.

    movement: what is modelled: spatial (`delta_ip`), temporal (`delta_t`) or joint (both at once).
    scale: "raw" takes positions and seconds as they are (the paper); "relative" divides `delta_ip` by the telescope's
        size and takes the logarithm of `delta_t` over the sample's mean gap, so that neither size nor rate matters.
    shortest_gap: relative scale only: gaps below this share of the mean gap count as this share, which jitter of the
        path leaves standing.
    step_resolution, octet_resolution, gap_resolution: relative scale only: how finely a model may tell movements
        apart, as a share of the telescope, a share of the last octet's circle, and in units of the log-gap. Finer
        models learn the run, not the tool.
    gap_fence: Tukey's fence Q3 + `fence_iqr` IQR on raw "seconds" (the paper) or on their "log".
    shortest_pause_s: an outlier gap shorter than this (seconds) never ends an execution; after a longer one the
        destinations decide.
    longest_pause_s: a gap longer than this, and than 1000 median gaps of the execution so far, always ends one.
    similarity: of a sub-set's destinations and the sample so far: "jaccard" (the paper) or "overlap" coefficient.
    merge_at_most: neighbours stay one sample while their similarity is at most this (paper: 0.1).
    drop_outlier_movements: leave out the movements that span an outlier gap (the paper does).
    drop_short_samples: leave out samples that are not longer than the mean of their stream (the paper does).
    min_movements: samples with fewer movements are never modelled.
    window: longest piece of a sample that one HMM learns from; None for the whole sample (the paper).
    max_states: BIC chooses among 1..max_states (paper: 7).
    jitters_s, losses: each learning sample is learned again with this path jitter (seconds) and loss put on it.
    per_port: candidates are chosen per (label, port), as in the paper, or per label.
    min_points: minPts of DBSCAN (paper: 3); eps is the knee of the k-distance curve.
    candidate: the "medoid" of a group, or a "random" member (the paper).
    most_candidates: more of one label than this are thinned to those that together explain its samples best; None: all
        are kept (the paper).
    window_gaps: mean gaps in one window of time in which addresses are counted for the intensity.
    full_weight: movements beyond this many do not add evidence; successive movements of one scan are not independent.
    seed: of everything that is drawn.
    """

    movement: Movement = "joint"
    scale: Literal["raw", "relative"] = "relative"
    shortest_gap: float = 0.05
    step_resolution: float = 1 / 64
    octet_resolution: float = 1 / 8
    gap_resolution: float = 1.0
    gap_fence: Literal["seconds", "log"] = "log"
    fence_iqr: float = 1.5
    shortest_pause_s: float = 60.0
    longest_pause_s: float = 600.0
    similarity: Literal["jaccard", "overlap"] = "overlap"
    merge_at_most: float = 0.1
    drop_outlier_movements: bool = False
    drop_short_samples: bool = False
    min_movements: int = 8
    window: int | None = 300
    max_states: int = 7
    jitters_s: tuple[float, ...] = (0.0, 200e-6, 1e-3)
    losses: tuple[float, ...] = (0.0,)
    per_port: bool = False
    min_points: int = 3
    candidate: Literal["medoid", "random"] = "medoid"
    most_candidates: int | None = 24
    window_gaps: int = 8
    full_weight: int = 100
    seed: int = 0

    @classmethod
    def paper(cls, movement: Movement = "spatial") -> Recipe:
        """De Santis et al. (2018) to the letter."""
        return cls(
            movement=movement,
            scale="raw",
            gap_fence="seconds",
            shortest_pause_s=0.0,
            longest_pause_s=float("inf"),
            similarity="jaccard",
            drop_outlier_movements=True,
            drop_short_samples=True,
            min_movements=2,
            window=None,
            jitters_s=(0.0,),
            losses=(0.0,),
            per_port=True,
            candidate="random",
            most_candidates=None,
        )
