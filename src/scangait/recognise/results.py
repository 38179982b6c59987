"""Results: frozen, versioned documents that can be saved, shown again, and read by other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from scangait.errors import ResultError

VERSION: Final = 2
"""Version of every document here; raised when a field changes its meaning or goes away."""


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One independent reason: `bits` speak for the verdict's label (negative: against), `reason` is for the analyst."""

    kind: str
    bits: float
    reason: str


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A probe that is still to come: its dark `address` and when, UTC nanoseconds."""

    address: str
    time_ns: int


class Walk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A proven ZMap walk: `over` which addresses, its `generator` modulo `prime` and parallel `threads` (or shards).

    `rate` is the scan's packets per second, `loss` the share of passed dark addresses that were not seen, `start_ns`
    and `end_ns` the estimated begin and end of the whole walk (UTC ns), `progress` the share of it done at the last
    probe; they suppose that this source walks all of it. `expected` are the next probes.
    """

    over: str
    generator: int
    prime: int
    threads: int
    rate: float
    loss: float
    start_ns: int
    end_ns: int
    progress: float
    expected: tuple[Expected, ...] = ()


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one scan is: its tool (`label`, or "unknown"), how sure, why, and the facts of the scan.

    `confidence` is the probability that the label is right, `margin` the bits between the label and the `next` one
    (what an unknown scan looks most like). `addresses` counts distinct dark addresses, `coverage` is their share of the
    telescope; `rate` is probes per second as the telescope sees them, `internet_rate` what that means for 2^32
    addresses if they are all scanned alike. Times are UTC nanoseconds. `contradiction` says in words what speaks for
    another tool ("" where nothing does). `walk` is there where a ZMap walk was proven, `campaign` is the identity of
    the campaign that the scan is a part of. `simulated` is True when the probes were.
    """

    scan: str
    label: str
    version: str | None
    confidence: float
    margin: float
    next: str = "unknown"
    evidence: tuple[Evidence, ...]
    sources: tuple[str, ...]
    ports: tuple[int, ...]
    protocol: str
    first_ns: int
    last_ns: int
    probes: int
    addresses: int
    coverage: float
    rate: float
    internet_rate: float
    contradiction: str = ""
    walk: Walk | None = None
    campaign: str | None = None
    simulated: bool = False


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scans of several sources that are one: `scans` names their verdicts, `label` is what most of their probes got.

    `proof` says what joins them, `bits` speak against accident with every choice of scans counted. `coverage` is the
    share of the telescope that they hit together, `overlap` the addresses hit again, as a share of those hit.
    """

    campaign: str
    label: str
    sources: tuple[str, ...]
    ports: tuple[int, ...]
    scans: tuple[str, ...]
    proof: str
    bits: float
    reason: str
    coverage: float
    overlap: float


class Trail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The walk of one identified scan, for its picture: seconds since its first probe, position, HMM state (or -1)."""

    scan: str
    seconds: tuple[float, ...]
    positions: tuple[int, ...]
    states: tuple[int, ...]
    state_names: tuple[str, ...]


class Identification(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything `identify` says of one input. `counts` are packets by kind, `too_short` scans with too few probes."""

    format: str = "scangait.identification"
    format_version: int = VERSION
    inputs: tuple[str, ...]
    telescope: str
    telescope_size: int
    telescope_inferred: bool
    library: str
    counts: dict[str, int]
    warnings: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    too_short: int
    trails: tuple[Trail, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    simulated: bool = False


class Confusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows are the truth, columns what was said; `counts[i][j]` samples of label i were called label j."""

    truth: tuple[str, ...]
    said: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    accuracy: float
    balanced_accuracy: float
    mcc: float
    majority_baseline: float


class SampleRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sample (Fig. 2 of the paper): probes and distinct addresses."""

    label: str
    port: int
    probes: int
    addresses: int
    seconds: float


class MixturePicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Histogram of one movement with the fitted mixture (Fig. 3): `edges` has one entry more than `density`."""

    label: str
    port: int
    movement: str
    axis: str
    edges: tuple[float, ...]
    density: tuple[float, ...]
    weights: tuple[float, ...]
    means: tuple[float, ...]
    variances: tuple[float, ...]


class LikelihoodMatrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Log-likelihood per movement of each sample (row) under each model (column), scaled to 0..1 by row (Fig. 4)."""

    label: str
    port: int
    movement: str
    values: tuple[tuple[float, ...], ...]
    groups: tuple[int, ...]
    candidates: tuple[int, ...]


class CandidateRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One candidate model: whose it is, how many states, how many models its group held."""

    label: str
    port: int
    states: int
    members: int


class MovementResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one kind of movement achieved: Figs 3 to 8 for it."""

    movement: str
    samples_learned: int
    samples_tested: int
    scanner: Confusion
    scanner_port: Confusion
    candidates: tuple[CandidateRow, ...]
    mixtures: tuple[MixturePicture, ...]
    matrices: tuple[LikelihoodMatrix, ...]
    learn_seconds: float
    test_seconds: float


class DatasetRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table I for the data at hand."""

    label: str
    sources: int
    destinations: int
    ports: int
    days: float
    probes: int


class PaperFigure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure of the paper beside ours."""

    name: str
    paper: float
    ours: float


class MethodRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one method achieved on the tested samples."""

    method: str
    samples: int
    accuracy: float
    balanced_accuracy: float
    mcc: float


class ReliabilityRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of `count` verdicts about as confident as `confidence`, the share that was `right`."""

    confidence: float
    right: float
    count: int


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The paper's protocol on one dataset; `port_answer` says in one sentence whether scanners differ by port."""

    format: str = "scangait.evaluation"
    format_version: int = VERSION
    title: str
    simulated: bool
    recipe: dict[str, str]
    dataset: tuple[DatasetRow, ...]
    common_ports: tuple[int, ...]
    samples: tuple[SampleRow, ...]
    movements: tuple[MovementResult, ...]
    port_answer: str
    beside_the_paper: tuple[PaperFigure, ...] = ()
    methods: tuple[MethodRow, ...] = ()
    reliability: tuple[ReliabilityRow, ...] = ()
    warnings: tuple[str, ...] = ()


Result = TypeVar("Result", Identification, Evaluation)


def masked(document: Identification) -> Identification:
    """The document without the telescope's addresses: operators must not reveal them."""
    verdicts = tuple(
        replace(verdict, walk=replace(verdict.walk, expected=())) if verdict.walk else verdict
        for verdict in document.verdicts
    )
    return replace(document, telescope="masked", verdicts=verdicts)


def encode(document: msgspec.Struct) -> bytes:
    """The document as one line of JSON."""
    return msgspec.json.encode(document)


def encode_lines(documents: Sequence[msgspec.Struct]) -> bytes:
    """Each document as one line of JSON."""
    return msgspec.json.Encoder().encode_lines(documents)


def load(path: Path) -> Identification | Evaluation:
    """Read a saved result. Raises ResultError when it is damaged, of another kind, or newer than this program."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({error.strerror}); give a file that --save wrote") from error
    try:
        head = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise ResultError(f"{path}: not a saved result ({error}); give a file that --save wrote") from error
    kinds: dict[object, type[Identification | Evaluation]] = {
        "scangait.identification": Identification,
        "scangait.evaluation": Evaluation,
    }
    kind = kinds.get(head.get("format"))
    if kind is None:
        raise ResultError(f"{path}: not a saved result (format {head.get('format')!r}); give a file that --save wrote")
    if head.get("format_version") != VERSION:
        raise ResultError(
            f"{path}: result format {head.get('format_version')}, this program reads {VERSION}; use a newer scangait"
        )
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise ResultError(f"{path}: damaged result ({error}); write it again with --save") from error
