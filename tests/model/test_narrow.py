"""What kernels find does not hang on how wide the registers of a machine are."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from scangait.model.baum_welch import fit_hmm
from scangait.model.draw import draw
from scangait.model.hmm import HMM
from scangait.model.mixture import fit_mixture
from scangait.model.score import score

LEAST = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+64bit,+cmov,+cx8,+fxsr,+mmx,+sse,+sse2"}
"""What every such processor has: two numbers in a register, and no fused multiply-add."""


def findings():
    rng, hmm = (
        np.random.default_rng(6),
        HMM(np.ones(2) / 2, np.eye(2) * 0.8 + 0.1, np.array([[0.0], [3.0]]), np.ones((2, 1))),
    )
    x, floor = draw(hmm, 403, rng)[0], np.full(1, 1e-3)
    fit, mixture = fit_hmm(x, hmm, floor=floor), fit_mixture(x, 3, floor=floor)
    return {
        "scores": score(x, np.array([3, 60, 403]), [hmm, fit.hmm]).ravel().tolist(),
        "history": list(fit.history),
        "mixture": [mixture.loglik, *mixture.weights.tolist(), *mixture.means.ravel().tolist()],
    }


@pytest.mark.skipif(platform.machine() != "x86_64", reason="features of x86-64 are left out")
def test_a_machine_with_the_narrowest_registers_finds_the_same():
    told = subprocess.run(
        [sys.executable, __file__], env={**os.environ, **LEAST}, capture_output=True, text=True, check=True
    )
    narrow, ours = json.loads(told.stdout), findings()
    assert len(narrow["history"]) == len(ours["history"])
    for name, rel in (("scores", 1e-12), ("history", 1e-11), ("mixture", 1e-6)):
        np.testing.assert_allclose(narrow[name], ours[name], rtol=rel)


if __name__ == "__main__":
    print(json.dumps(findings()))
