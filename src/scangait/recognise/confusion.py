"""Confusion: who was taken for whom, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scangait.recognise.results import Confusion


def confusion(truth: Sequence[str], said: Sequence[str]) -> Confusion:
    """Count answers (S,) against the truth (S,): accuracy, balanced accuracy, MCC (Gorodkin 2004), majority baseline.

    Raises ValueError for no answers.
    """
    if not truth:
        raise ValueError("no answers to count")
    names = sorted({*truth, *said})
    place = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(names), len(names)), np.int64)
    np.add.at(table, ([place[name] for name in truth], [place[name] for name in said]), 1)
    row, column, total = table.sum(axis=1), table.sum(axis=0), len(truth)
    present = row > 0
    right = float(np.trace(table))
    spread = np.sqrt(float(total**2 - (column**2).sum()) * float(total**2 - (row**2).sum()))
    covariance = right * total - float(row @ column)
    return Confusion(
        truth=tuple(name for name in names if present[place[name]]),
        said=tuple(names),
        counts=tuple(tuple(counts) for counts in table[present].tolist()),
        accuracy=right / total,
        balanced_accuracy=float((np.diag(table)[present] / row[present]).mean()),
        mcc=float(covariance / spread) if spread else 0.0,
        majority_baseline=float(row.max() / total),
    )
