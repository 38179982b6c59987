"""Leaps of expectation maximisation: where two steps of a mixture's parameters lead to, extrapolated.

SQUAREM (Varadhan and Roland 2008, scheme S3) in coordinates in which nothing can leave its range: logarithms of weights
and variances, and means in standard deviations.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel

SMALLEST: Final = 1e-300
LONGEST: Final = 64.0
"""Steps that a leap is worth at most."""
Parameters = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@kernel
def copied(given: Parameters) -> Parameters:
    """The same weights (m,), means (D, m) and variances (D, m) once more."""
    return given[0].copy(), given[1].copy(), given[2].copy()


@kernel
def copy(given: Parameters, to: Parameters) -> None:
    """Write parameters over others."""
    for k in range(len(given[0])):
        to[0][k] = given[0][k]
        for c in range(len(given[1])):
            to[1][c, k], to[2][c, k] = given[1][c, k], given[2][c, k]


@kernel
def leap(first: Parameters, second: Parameters, third: Parameters, floor: NDArray[np.float64]) -> None:
    """Make the third of three successive parameters those to which the steps between them lead, if all goes on so.

    Weights (m,), means (D, m), variances (D, m), floor (D,); weights sum to one, no variance falls under its floor.
    """
    dims, states = first[1].shape
    length, bend = 0.0, 0.0
    for k in range(states):
        for row in range(1 + 2 * dims):
            step, turn = _steps(first, second, third, row, k)
            length += step * step
            bend += turn * turn
    far = min(max(np.sqrt(length / bend), 1.0), LONGEST) if bend > 0 else 1.0
    if far == 1.0:  # the third is where such a leap ends
        return
    whole = 0.0
    for k in range(states):
        step, turn = _steps(first, second, third, 0, k)
        weight = max(first[0][k], SMALLEST) * np.exp(2 * far * step + far * far * turn)
        for c in range(dims):
            step, turn = _steps(first, second, third, 1 + c, k)
            mean = first[1][c, k] + (2 * far * step + far * far * turn) * np.sqrt(first[2][c, k])
            step, turn = _steps(first, second, third, 1 + dims + c, k)
            variance = first[2][c, k] * np.exp(2 * far * step + far * far * turn)
            third[1][c, k], third[2][c, k] = mean, max(variance, floor[c])
        third[0][k] = weight
        whole += weight
    for k in range(states):
        third[0][k] /= whole


@kernel
def _steps(first: Parameters, second: Parameters, third: Parameters, row: int, k: int) -> tuple[float, float]:
    """In one coordinate of state k: the first step, and how much the second differs from it."""
    dims = len(first[1])
    if row == 0:
        here, there = max(second[0][k], SMALLEST), max(third[0][k], SMALLEST)
        step, after = np.log(here / max(first[0][k], SMALLEST)), np.log(there / here)
    elif row <= dims:
        c, unit = row - 1, np.sqrt(first[2][row - 1, k])
        step, after = (second[1][c, k] - first[1][c, k]) / unit, (third[1][c, k] - second[1][c, k]) / unit
    else:
        c = row - 1 - dims
        step, after = np.log(second[2][c, k] / first[2][c, k]), np.log(third[2][c, k] / second[2][c, k])
    return step, after - step
