"""Our own regressions: `make speed` saves each run and compares it with the one before."""

import numpy as np
import pytest

from benchmarks.models import a_model, rough_start, sequences
from scangait.model.baum_welch import fit_hmms
from scangait.model.mixture import fit_mixture
from scangait.model.score import score

pytestmark = [pytest.mark.speed, pytest.mark.parametrize("states", [2, 4, 7]), pytest.mark.parametrize("dims", [1, 2])]
LENGTH, COUNT = 300, 16


@pytest.fixture
def walks(states, dims):
    rng = np.random.default_rng(states + 10 * dims)
    hmms = [a_model(rng, states, dims) for _ in range(COUNT)]
    return hmms, sequences(rng, hmms, LENGTH), LENGTH * np.arange(1, COUNT + 1)


def test_score(benchmark, walks):
    hmms, parts, ends = walks
    assert np.isfinite(benchmark(score, np.concatenate(parts), ends, hmms)).all()


def test_baum_welch(benchmark, walks, states, dims):
    _, parts, ends = walks
    starts = [rough_start(part, states) for part in parts]
    assert benchmark(fit_hmms, np.concatenate(parts), ends, starts, floor=np.full(dims, 1e-3))


def test_mixture(benchmark, walks, states, dims):
    assert benchmark(fit_mixture, np.concatenate(walks[1]), states, floor=np.full(dims, 1e-3))
