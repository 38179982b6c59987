"""What is said of one sample does not depend on the samples beside it, to the last bit (simulated)."""

import numpy as np

from scangait.evidence.case import Case
from scangait.evidence.library import Library
from scangait.evidence.movement import said
from scangait.gait.samples import Sample
from scangait.probes import empty
from scangait.telescope import telescope

SCOPE = telescope("93.184.208.0/20")


def a_sample(rng, count):
    time_ns = np.cumsum(rng.exponential(1e9, count)).astype(np.int64)
    return Sample(np.arange(count), rng.integers(0, 4096, count), time_ns, np.zeros(count - 1, bool), "", 80)


def test_samples_are_judged_alike_alone_and_together():
    rng, library = np.random.default_rng(3), Library.bundled()
    samples = [a_sample(rng, int(count)) for count in rng.integers(10, 900, 40)]
    together = said(Case(empty(), samples, SCOPE, library))
    for row, sample in enumerate(samples):
        assert together.of(row) == said(Case(empty(), [sample], SCOPE, library)).of(0)
