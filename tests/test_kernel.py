"""What compiling kernels needs of a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scangait.kernel import _remembered

COMMAND = """
import sys
import scangait.cli
import scangait.kernel
assert "scipy.linalg" not in sys.modules
import scipy.linalg.cython_blas
from llvmlite.binding import ffi
from numba import float64, int64, njit
from numba.core.types.functions import BaseFunction
assert BaseFunction.get_call_type.__name__ == "remembered"
assert not ffi.lib._lock._cblist
assert ffi.register_lock_callback.__name__ == "register_lock_callback"
for _ in range(2):
    assert njit((float64, int64))(lambda a, b: a * b + b).nopython_signatures[0].return_type == float64
    assert njit((int64, int64))(lambda a, b: a * b + b).nopython_signatures[0].return_type == int64
"""
LIBRARY = """
import scangait.kernel
from llvmlite.binding import ffi
from numba.core.types.functions import BaseFunction
from numba.np import arraymath
assert ffi.lib._lock._cblist
assert arraymath._HAVE_BLAS
assert BaseFunction.get_call_type.__name__ == "get_call_type"
"""


@pytest.mark.parametrize("code", [COMMAND, LIBRARY])
def test_only_a_command_has_numba_without_linear_algebra_and_clock_and_with_a_memory(code):
    """It may load linear algebra later."""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_types_give_is_worked_out_once_for_each_of_them_and_errors_again():
    asked = []

    def work_out(*question):
        asked.append(question)
        if question[2] == ("no",):
            raise TypeError
        return len(asked)

    remembered, context = _remembered(work_out), object()
    questions = [
        ("add", context, ("a", "b"), {}),
        ("add", context, ("b", "a"), {}),
        ("add", context, ("a",), {"by": "b"}),
    ]
    questions += [("sub", context, ("a", "b"), {}), ("add", object(), ("a", "b"), {})]
    for _ in range(2):
        assert [remembered(*question) for question in questions] == [1, 2, 3, 4, 5]
    assert asked == questions
    for _ in range(2):
        with pytest.raises(TypeError):
            remembered("add", context, ("no",), {})
    assert len(asked) == 7
