"""The arithmetic of eight lanes, written as LLVM instructions on vectors of eight float64.

LLVM splits the eight lanes into what the machine has, and `llvm.fmuladd` becomes a fused multiply-add where that is
fast and two instructions elsewhere. No fast-math flag is set.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import log
from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils, config
from numba.core.codegen import get_host_cpu_features
from numba.core.types import Type
from numba.extending import models, register_model

WIDTH: Final = 8
ALIGNMENT: Final = 64

INT: Final = ir.IntType(64)
INTS: Final = ir.VectorType(INT, WIDTH)
FLOATS: Final = ir.VectorType(ir.DoubleType(), WIDTH)

EXP2: Final = (
    1.0,
    0.6931471805599453,
    0.2402265069581299,
    0.055504108664760424,
    0.009618129159402558,
    0.0013333558179043112,
    0.00015403455852453838,
    1.525268684626772e-05,
    1.3255224878668817e-06,
    1.0203121063391729e-07,
)
"""2^f for |f| <= 1/2 to 4e-14: 1 + f g(f), where g interpolates (2^f - 1) / f at 9 Chebyshev nodes.

One degree more would be exact to the last bits and cost 3 % of all time; scores agree to 1e-13 with it or without.
"""
WIDE: Final = "+avx512f" in (config.CPU_FEATURES or get_host_cpu_features())
"""Whether one register holds eight numbers, and 32 of them are at hand. Elsewhere there are 16 of half the width."""
SIDE_BY_SIDE: Final = 10 if WIDE else 6
"""So many powers at most are computed step by step beside each other: each waits for itself, and what a processor looks
ahead holds few of them whole.
"""
LOG2: Final = tuple(2 / log(2) / (2 * j + 1) for j in range(11))
"""log2((1 + u) / (1 - u)) / u in powers of u^2: the series of the inverse hyperbolic tangent."""
LEAST_EXPONENT: Final = -900.0
"""exp2 takes anything smaller for this: nothing beside UNDERFLOW, and far from subnormal numbers, which are slow."""
NOTHING: Final = 1e-307
"""A probability below this, which may not be a normal number, counts as none in logarithms."""
IMPOSSIBLE: Final = -1e300
"""Stands for the logarithm of zero: sums of it stay finite, where infinities would make nan."""
ROUNDER: Final = 1.5 * 2.0**52
"""Added to a small number, it leaves the nearest integer in the low bits."""
ROOT_HALF_BITS: Final = 0x3FE6A09E667F3BCD
EXPONENT_BITS: Final = 0x7FF << 52


class Lanes(Type):
    """The numba type of eight float64 side by side."""

    def __init__(self) -> None:
        super().__init__(name="lanes")


lanes: Final = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, FLOATS)


class Writer:
    """Writes instructions on vectors of eight; the arithmetic of this module in one place."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        _align_stack(builder)

    def constant(self, value: float) -> Any:
        """All lanes hold `value`."""
        return ir.Constant(FLOATS, [float(value)] * WIDTH)

    def whole(self, value: int) -> Any:
        """All lanes hold the 64-bit integer `value`."""
        return ir.Constant(INTS, [value] * WIDTH)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a b + c."""
        kind = ir.FunctionType(FLOATS, [FLOATS] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.fmuladd.v8f64")
        return self.builder.call(function, [a, b, c])

    def beside(self, *streams: Callable[[], list[Any]]) -> list[list[Any]]:
        """What several writers of instructions return, none of which waits for another; where there are registers for
        all their values, instructions are mixed evenly, so that a processor finds work however little it looks ahead.
        """
        written, results, mixed = self.builder.block.instructions, [], []
        begin = len(written)
        for index, stream in enumerate(streams):
            first = len(written)
            results.append(stream())
            own = len(written) - first
            mixed += [((2 * place + 1) / own, index, first + place) for place in range(own)]
        if WIDE:
            written[begin:] = [written[place] for _, _, place in sorted(mixed)]
        return results

    def less(self, a: Any, b: Any, yes: Any, no: Any) -> Any:
        """`yes` where a < b, else `no`."""
        return self.builder.select(self.builder.fcmp_ordered("<", a, b), yes, no)

    def alike(self, a: Any, b: Any, yes: Any, no: Any) -> Any:
        """`yes` where a = b, else `no`."""
        return self.builder.select(self.builder.fcmp_ordered("==", a, b), yes, no)

    def larger(self, a: Any, b: Any) -> Any:
        """The larger of both."""
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def largest(self, vectors: list[Any]) -> Any:
        """The largest of several, in a tree: in a chain each would wait for the one before."""
        while len(vectors) > 1:
            pairs = [self.larger(a, b) for a, b in zip(vectors[::2], vectors[1::2], strict=False)]
            vectors = pairs + vectors[len(vectors) // 2 * 2 :]
        return vectors[0]

    def smaller(self, a: Any, b: Any) -> Any:
        """The smaller of both."""
        return self.less(a, b, a, b)

    def polynomial(self, x: Any, coefficients: tuple[float, ...]) -> Any:
        """The polynomial with these coefficients, constant first (Horner)."""
        value = self.constant(coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            value = self.fma(value, x, self.constant(coefficient))
        return value

    def exp2(self, x: Any) -> Any:
        """2^x for x up to 1000."""
        return self.powers([x])[0]

    def powers(self, vectors: list[Any]) -> list[Any]:
        """2^x of several, in groups of nearly equal size, step by step beside each other."""
        groups = -(-len(vectors) // SIDE_BY_SIDE)
        edges = [len(vectors) * group // groups for group in range(groups + 1)]
        return [one for a, b in pairwise(edges) for one in self._powers(vectors[a:b])]

    def _powers(self, vectors: list[Any]) -> list[Any]:
        b, rounder, least = self.builder, self.constant(ROUNDER), self.constant(LEAST_EXPONENT)
        vectors = [self.larger(x, least) for x in vectors]
        moved = [b.fadd(x, rounder) for x in vectors]
        whole = [b.fsub(one, rounder) for one in moved]
        fraction = [b.fsub(x, one) for x, one in zip(vectors, whole, strict=True)]
        value = [self.constant(EXP2[-1])] * len(vectors)
        for coefficient in EXP2[-2::-1]:
            value = [self.fma(one, f, self.constant(coefficient)) for one, f in zip(value, fraction, strict=True)]
        exponent = [b.shl(b.bitcast(one, INTS), self.whole(52)) for one in moved]
        scaled = [b.add(b.bitcast(one, INTS), power) for one, power in zip(value, exponent, strict=True)]
        return [b.bitcast(one, FLOATS) for one in scaled]

    def log2(self, x: Any) -> Any:
        """Binary logarithm of a positive normal number."""
        b = self.builder
        bits = b.bitcast(x, INTS)
        exponent = b.ashr(b.sub(bits, self.whole(ROOT_HALF_BITS)), self.whole(52))
        near = b.bitcast(b.sub(bits, b.shl(exponent, self.whole(52))), FLOATS)
        u = b.fdiv(b.fsub(near, self.constant(1)), b.fadd(near, self.constant(1)))
        return self.fma(u, self.polynomial(b.fmul(u, u), LOG2), self.integer(exponent))

    def logarithm(self, x: Any) -> Any:
        """Binary logarithm of a probability; IMPOSSIBLE for one below NOTHING."""
        nothing = self.constant(NOTHING)
        return self.less(x, nothing, self.constant(IMPOSSIBLE), self.log2(self.larger(x, nothing)))

    def reciprocal(self, x: Any) -> Any:
        """1 / x of a normal number, right but for the last bit or two: where a division takes as long as thirty other
        operations, two steps of Newton's from a guess.
        """
        b, one = self.builder, self.constant(1)
        if not WIDE:
            return b.fdiv(one, x)
        kind = ir.FunctionType(FLOATS, [FLOATS, FLOATS, ir.IntType(8)])
        guess = cgutils.get_or_insert_function(b.module, kind, "llvm.x86.avx512.rcp14.pd.512")
        value, minus = b.call(guess, [x, self.constant(0), ir.IntType(8)(255)]), b.fneg(x)
        for _ in range(2):
            value = self.fma(value, self.fma(minus, value, one), value)
        return value

    def integer(self, small: Any) -> Any:
        """Small 64-bit integers as floats."""
        b = self.builder
        rounder = b.bitcast(self.constant(ROUNDER), INTS)
        return b.fsub(b.bitcast(b.add(small, rounder), FLOATS), self.constant(ROUNDER))

    def exponent(self, x: Any) -> Any:
        """The largest power of two that is not above the positive x, as its exponent."""
        b = self.builder
        return self.integer(b.sub(b.lshr(b.bitcast(x, INTS), self.whole(52)), self.whole(1023)))

    def unscale(self, x: Any) -> Any:
        """The power of two that brings the positive x into [1, 2)."""
        b = self.builder
        bits = b.and_(b.bitcast(x, INTS), self.whole(EXPONENT_BITS))
        return b.bitcast(b.sub(self.whole(2046 << 52), bits), FLOATS)


def _align_stack(builder: Any) -> None:
    """Make the function's frame begin at a cache line: a spilled vector that crosses one costs double.

    LLVM keeps the frame of a function so aligned when it holds an aligned variable that cannot be optimised away.
    """
    name = "frame"
    if any(line.name.startswith(name) for line in builder.function.entry_basic_block.instructions):
        return
    with builder.goto_entry_block():
        place = builder.alloca(FLOATS, name=name)
        place.align = ALIGNMENT
        function = ir.FunctionType(ir.VoidType(), [place.type])
        builder.asm(function, "", "r,~{memory}", [place], side_effect=True)
