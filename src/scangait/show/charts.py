"""Charts as inline SVG: colours come from the page's variables, so that they follow its light or dark scheme."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, pi, sqrt
from typing import Final

from markupsafe import Markup, escape

from scangait.recognise.results import Confusion, LikelihoodMatrix, MixturePicture, ReliabilityRow, SampleRow, Trail

WIDTH: Final = 640
HEIGHT: Final = 300
LEFT: Final = 64
BOTTOM: Final = 44
TOP: Final = 12
RIGHT: Final = 14
SERIES: Final = 7


def trail_chart(trail: Trail, size: int) -> Markup:
    """The walk of one scan: every dot is a probe, coloured by the state that the model gives it."""
    last = max(trail.seconds, default=0.0) or 1.0
    dots = []
    for state in sorted(set(trail.states)):
        marks = "".join(
            f"M{_x(second / last):.1f} {_y(place / size):.1f}h.01"
            for second, place, own in zip(trail.seconds, trail.positions, trail.states, strict=True)
            if own == state
        )
        dots.append(f'<path class="dot s{state % SERIES if state >= 0 else "n"}" d="{marks}"/>')
    axes = _axes("seconds since the first probe", "address in the telescope", (0, last), (0, size))
    return _svg("Path of the scan over addresses and time", axes + "".join(dots))


def mixture_chart(picture: MixturePicture) -> Markup:
    """Histogram of one movement with the fitted mixture over it."""
    low, high = picture.edges[0], picture.edges[-1]
    curve = [low + (high - low) * i / 300 for i in range(301)]
    heights = [_density(picture, value) for value in curve]
    top = max((*picture.density, 1e-300)) * 1.15
    bars = "".join(
        f'<rect class="bar" x="{_x((a - low) / (high - low)):.1f}" y="{_y(d / top):.1f}" '
        f'width="{max(_x((b - low) / (high - low)) - _x((a - low) / (high - low)), 0.5):.1f}" '
        f'height="{_y(0) - _y(d / top):.1f}"/>'
        for a, b, d in zip(picture.edges[:-1], picture.edges[1:], picture.density, strict=True)
    )
    line = " ".join(
        f"{_x((v - low) / (high - low)):.1f},{_y(min(h / top, 1)):.1f}" for v, h in zip(curve, heights, strict=True)
    )
    axes = _axes(picture.axis, "density", (low, high), (0, top))
    return _svg("Histogram and mixture", axes + bars + f'<polyline class="line" points="{line}"/>')


def matrix_chart(matrix: LikelihoodMatrix) -> Markup:
    """Row: a sample; column: a model; the darker, the better the model explains the sample."""
    count = max(len(matrix.values), 1)
    cell = (HEIGHT - BOTTOM - TOP) / count
    cells = "".join(
        f'<rect class="cell" x="{LEFT + column * cell:.2f}" y="{TOP + row * cell:.2f}" width="{cell:.2f}" '
        f'height="{cell:.2f}" fill-opacity="{value:.3f}"/>'
        for row, values in enumerate(matrix.values)
        for column, value in enumerate(values)
    )
    kept = "".join(
        f'<path class="kept" d="M{LEFT + (which + 0.5) * cell:.1f} {TOP + count * cell + 3:.1f}l4 7h-8z"/>'
        for which in matrix.candidates
    )
    labels = f'<text x="{LEFT}" y="{HEIGHT - 8}">models; a triangle marks one that was kept</text>'
    labels += (
        f'<text transform="translate(16 {TOP + count * cell / 2:.0f}) rotate(-90)" text-anchor="middle">samples</text>'
    )
    return _svg("Log-likelihood of each sample under each model", cells + kept + labels)


def confusion_table(confusion: Confusion) -> Markup:
    """Counts as a table whose cells are shaded by the share of their row."""
    head = "".join(f"<th>{escape(name)}</th>" for name in confusion.said)
    rows = ""
    for name, counts in zip(confusion.truth, confusion.counts, strict=True):
        total = sum(counts) or 1
        cells = "".join(f'<td class="shade" style="--share:{count / total:.3f}">{count}</td>' for count in counts)
        rows += f"<tr><th>{escape(name)}</th>{cells}</tr>"
    return Markup(f'<table class="confusion"><tr><th>truth \\ said</th>{head}</tr>{rows}</table>')  # noqa: S704  escaped above


def samples_chart(rows: Sequence[SampleRow]) -> Markup:
    """Each sample: its probes (bar) and its distinct addresses (dot)."""
    shown = sorted(rows, key=lambda row: (row.label, row.port))[:80]
    top = max((row.probes for row in shown), default=1)
    step = (WIDTH - LEFT - RIGHT) / max(len(shown), 1)
    names = sorted({row.label for row in shown})
    marks = "".join(
        f'<rect class="s{names.index(row.label) % SERIES}" x="{LEFT + i * step + step * 0.15:.1f}" '
        f'y="{_y(row.probes / top):.1f}" width="{step * 0.7:.1f}" height="{_y(0) - _y(row.probes / top):.1f}"/>'
        f'<circle class="mark" cx="{LEFT + (i + 0.5) * step:.1f}" cy="{_y(row.addresses / top):.1f}" r="3"/>'
        for i, row in enumerate(shown)
    )
    legend = "".join(
        f'<rect class="s{index % SERIES}" x="{LEFT + 10 + index * 110}" y="{HEIGHT - 20}" width="12" height="12"/>'
        f'<text x="{LEFT + 27 + index * 110}" y="{HEIGHT - 9}">{escape(name)}</text>'
        for index, name in enumerate(names[:5])
    )
    return _svg("Probes and addresses per sample", _axes("", "count", None, (0, top)) + marks + legend)


def reliability_chart(rows: Sequence[ReliabilityRow]) -> Markup:
    """How often verdicts were right over how sure they were; the diagonal is honest."""
    most = max((row.count for row in rows), default=1)
    dots = "".join(
        f'<circle class="mark" cx="{_x(row.confidence):.1f}" cy="{_y(row.right):.1f}" '
        f'r="{3 + 7 * sqrt(row.count / most):.1f}"/>'
        for row in rows
    )
    diagonal = f'<path class="grid" d="M{_x(0):.1f} {_y(0):.1f}L{_x(1):.1f} {_y(1):.1f}"/>'
    axes = _axes("confidence of the verdict", "share that was right", (0, 1), (0, 1))
    return _svg("Reliability of the confidence", axes + diagonal + dots)


def _density(picture: MixturePicture, value: float) -> float:
    parts = zip(picture.weights, picture.means, picture.variances, strict=True)
    return sum(w * exp(-((value - m) ** 2) / (2 * v)) / sqrt(2 * pi * v) for w, m, v in parts)


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _axes(x_name: str, y_name: str, x: tuple[float, float] | None, y: tuple[float, float]) -> str:
    parts = [f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>']
    for i in range(5 if x else 0):
        value = x[0] + (x[1] - x[0]) * i / 4 if x else 0
        anchor = "end" if i == 4 else "middle"
        parts.append(f'<text x="{_x(i / 4):.0f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{value:.3g}</text>')
    for i in range(5):
        value = y[0] + (y[1] - y[0]) * i / 4
        parts.append(f'<text x="{LEFT - 6}" y="{_y(i / 4) + 4:.0f}" text-anchor="end">{value:.3g}</text>')
        parts.append(f'<path class="grid" d="M{LEFT} {_y(i / 4):.1f}H{WIDTH - RIGHT}"/>')
    parts.append(f'<text x="{_x(0.5):.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_name)}</text>')
    middle = _y(0.5)
    parts.append(
        f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>'
    )
    return "".join(parts)


def _svg(title: str, body: str) -> Markup:
    """Body is made of numbers and escaped words only."""
    label = escape(title)
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg>')  # noqa: S704
