"""How kernels are compiled: in one place, without fast-math, cached on disk, releasing the interpreter lock.

Half of what compiling takes is for each function, however short, and a kernel is optimised once more inside every
kernel that calls it. So C's way to call a kernel, which nothing here uses, is left out, and the parts of a search are
written `inlined` into it; for very long kernels that turns round.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

BLAS: Final = "scipy.linalg.cython_blas"


def _compiler() -> Any:
    """The decorator of numba. A process that runs a command does not let it load scipy's linear algebra: no kernel
    uses it, and it takes a seventh of a start. Other processes are not ours: they may want it.
    """
    ours = "scangait.cli" in sys.modules and BLAS not in sys.modules
    if ours:
        sys.modules[BLAS] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")  # which asks for it; else the first kernel would
        return import_module("numba").njit
    finally:
        if ours:
            del sys.modules[BLAS]


njit = _compiler()
kernel: Decorator = njit(cache=True, nogil=True, no_cfunc_wrapper=True)
inlined: Decorator = njit(inline="always", nogil=True, no_cfunc_wrapper=True)
