"""Distance between models, after Juang and Rabiner, "A probabilistic distance measure for HMMs" (1985)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def symmetric_distance(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetrised distance (M, M) from the log-likelihoods per movement (M, M): row = sequence, column = model.

    Sequence i must have been fitted by model i. A model that explains another's sequence better than its own does
    counts as distance 0.
    """
    loss = np.diag(matrix)[:, None] - matrix
    return np.asarray(np.maximum((loss + loss.T) / 2, 0.0))
