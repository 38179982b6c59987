"""How kernels are compiled: in one place, without fast-math, cached on disk, releasing the interpreter lock.

Half of what compiling takes is for each function, however short, and a kernel is optimised once more inside every
kernel that calls it. So C's way to call a kernel, which nothing here uses, is left out, and the parts of a search are
written `inlined` into it; for very long kernels that turns round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

kernel: Decorator = njit(cache=True, nogil=True, no_cfunc_wrapper=True)
inlined: Decorator = njit(inline="always", nogil=True, no_cfunc_wrapper=True)
