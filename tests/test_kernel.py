"""What compiling kernels needs of a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMAND = """
import sys
import scangait.cli
import scangait.kernel
assert "scipy.linalg" not in sys.modules
import scipy.linalg.cython_blas
"""
LIBRARY = """
import scangait.kernel
from numba.np import arraymath
assert arraymath._HAVE_BLAS
"""


@pytest.mark.parametrize("code", [COMMAND, LIBRARY])
def test_only_a_command_starts_without_linear_algebra_and_may_load_it_later(code):
    subprocess.run([sys.executable, "-c", code], check=True)
