"""How kernels are compiled: in one place, without fast-math, cached on disk, releasing the interpreter lock.

Half of what compiling takes is for each function, however short, and a kernel is optimised once more inside every
kernel that calls it. So C's way to call a kernel, which nothing here uses, is left out, and the parts of a search are
written `inlined` into it; for very long kernels that turns round. Numba compiles each `in`, `int()` and `**` as a
function of its own: kernels that a first run needs compare, convert and multiply instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

BLAS: Final = "scipy.linalg.cython_blas"


def _compiler() -> Any:
    """The decorator of numba; in a process that runs a command, without what numba does for others.

    Other processes are not ours: they may want it.
    """
    if "scangait.cli" in sys.modules:
        with _without_linear_algebra(), _without_a_clock():
            import_module("numba.np.arraymath")  # which asks for the first; else the first kernel would
        function = import_module("numba.core.types.functions").BaseFunction
        function.get_call_type = _remembered(function.get_call_type)
    return import_module("numba").njit


@contextmanager
def _without_linear_algebra() -> Iterator[None]:
    """Do not let numba load scipy's linear algebra: no kernel uses it, and it takes a seventh of a start."""
    wanted = BLAS not in sys.modules
    if wanted:
        sys.modules[BLAS] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if wanted:
            del sys.modules[BLAS]


@contextmanager
def _without_a_clock() -> Iterator[None]:
    """Do not let numba announce each call of LLVM to whoever takes its time: a fortieth of all compiling."""
    ffi: Any = import_module("llvmlite.binding.ffi")
    register, ffi.register_lock_callback = ffi.register_lock_callback, lambda *_: None
    try:
        yield
    finally:
        ffi.register_lock_callback = register


def _remembered(get_call_type: Callable[..., Any]) -> Callable[..., Any]:
    """What numba says a built-in function gives for the types of its arguments, worked out once for the same types.

    It tries rule after rule, twice each, for every `a[i]` and `a + b` of a kernel, which was a sixth of all compiling.
    """
    known: dict[tuple[Any, ...], Any] = {}

    def remembered(function: Any, context: Any, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        asked = (function, context, args, *kws.items())
        if asked not in known:
            known[asked] = get_call_type(function, context, args, kws)
        return known[asked]

    return remembered


njit = _compiler()
kernel: Decorator = njit(cache=True, nogil=True, no_cfunc_wrapper=True)
inlined: Decorator = njit(inline="always", nogil=True, no_cfunc_wrapper=True)
