"""How kernels are compiled: in one place, without fast-math, cached on disk, releasing the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

kernel: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(cache=True, nogil=True)
