"""Eight lanes: a vector of eight float64 that kernels compute with, and rows of such vectors.

A kernel sees one vector as `lanes` and several as a tuple of them, whose length numba knows: one kernel per number of
states and of dimensions is compiled when it is first asked for. Every function here writes LLVM vector instructions
in place; LLVM splits eight lanes into what the machine has, and `llvm.fmuladd` becomes a fused multiply-add where that
is fast and two instructions elsewhere. No fast-math flag is set. Where one argument has one vector and another has
several, the one is meant for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from inspect import signature
from math import log
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.types import Array, Float, Integer, Type, void
from numba.core.types.containers import BaseTuple, UniTuple
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

WIDTH: Final = 8
ALIGNMENT: Final = 64

_INT: Final = ir.IntType(64)
_INTS: Final = ir.VectorType(_INT, WIDTH)
_FLOATS: Final = ir.VectorType(ir.DoubleType(), WIDTH)

EXP2: Final = (
    1.0,
    0.6931471805599462,
    0.24022650695910075,
    0.05550410866465167,
    0.009618129107618665,
    0.0013333558200794592,
    0.00015403530424776529,
    1.5252672924850737e-05,
    1.3215451633221434e-06,
    1.0205905413765595e-07,
    7.070977866508138e-09,
)
"""2^f for |f| <= 1/2 to 6e-16: 1 + f g(f), where g interpolates (2^f - 1) / f at 10 Chebyshev nodes."""
LOG2: Final = tuple(2 / log(2) / (2 * j + 1) for j in range(11))
"""log2((1 + u) / (1 - u)) / u in powers of u^2: the series of the inverse hyperbolic tangent."""
LEAST_EXPONENT: Final = -1000.0
"""exp2 takes anything smaller for this: a number near 1e-301 that is still normal."""
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
        super().__init__(manager, kind, _FLOATS)


def aligned(*shape: int) -> NDArray[np.float64]:
    """Uninitialised float64 array of `shape` whose first element begins a cache line."""
    raw = np.empty(int(np.prod(shape)) * 8 + ALIGNMENT, np.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    return raw[skip : skip + raw.size - ALIGNMENT].view(np.float64).reshape(shape)


class Writer:
    """Writes instructions on vectors of eight; the arithmetic of this module in one place."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        _align_stack(builder)

    def constant(self, value: float) -> Any:
        """All lanes hold `value`."""
        return ir.Constant(_FLOATS, [float(value)] * WIDTH)

    def whole(self, value: int) -> Any:
        """All lanes hold the 64-bit integer `value`."""
        return ir.Constant(_INTS, [value] * WIDTH)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a b + c."""
        kind = ir.FunctionType(_FLOATS, [_FLOATS] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.fmuladd.v8f64")
        return self.builder.call(function, [a, b, c])

    def less(self, a: Any, b: Any, yes: Any, no: Any) -> Any:
        """`yes` where a < b, else `no`."""
        return self.builder.select(self.builder.fcmp_ordered("<", a, b), yes, no)

    def larger(self, a: Any, b: Any) -> Any:
        """The larger of both."""
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

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
        b = self.builder
        x = self.larger(x, self.constant(LEAST_EXPONENT))
        moved = b.fadd(x, self.constant(ROUNDER))
        fraction = b.fsub(x, b.fsub(moved, self.constant(ROUNDER)))
        exponent = b.shl(b.bitcast(moved, _INTS), self.whole(52))
        value = self.polynomial(fraction, EXP2)
        return b.bitcast(b.add(b.bitcast(value, _INTS), exponent), _FLOATS)

    def log2(self, x: Any) -> Any:
        """Binary logarithm of a positive normal number."""
        b = self.builder
        bits = b.bitcast(x, _INTS)
        exponent = b.ashr(b.sub(bits, self.whole(ROOT_HALF_BITS)), self.whole(52))
        near = b.bitcast(b.sub(bits, b.shl(exponent, self.whole(52))), _FLOATS)
        u = b.fdiv(b.fsub(near, self.constant(1)), b.fadd(near, self.constant(1)))
        return self.fma(u, self.polynomial(b.fmul(u, u), LOG2), self.integer(exponent))

    def integer(self, small: Any) -> Any:
        """Small 64-bit integers as floats."""
        b = self.builder
        rounder = b.bitcast(self.constant(ROUNDER), _INTS)
        return b.fsub(b.bitcast(b.add(small, rounder), _FLOATS), self.constant(ROUNDER))

    def exponent(self, x: Any) -> Any:
        """The largest power of two that is not above the positive x, as its exponent."""
        b = self.builder
        return self.integer(b.sub(b.lshr(b.bitcast(x, _INTS), self.whole(52)), self.whole(1023)))

    def unscale(self, x: Any) -> Any:
        """The power of two that brings the positive x into [1, 2)."""
        b = self.builder
        bits = b.and_(b.bitcast(x, _INTS), self.whole(EXPONENT_BITS))
        return b.bitcast(b.sub(self.whole(2046 << 52), bits), _FLOATS)


def _align_stack(builder: Any) -> None:
    """Make the function's frame begin at a cache line: a spilled vector that crosses one costs double.

    LLVM keeps the frame of a function so aligned when it holds an aligned variable that cannot be optimised away.
    """
    name = "frame"
    if any(line.name.startswith(name) for line in builder.function.entry_basic_block.instructions):
        return
    with builder.goto_entry_block():
        place = builder.alloca(_FLOATS, name=name)
        place.align = ALIGNMENT
        function = ir.FunctionType(ir.VoidType(), [place.type])
        builder.asm(function, "", "r,~{memory}", [place], side_effect=True)


Vectors = list[Any]


def instruction(result: Callable[..., int]) -> Callable[[Callable[..., Vectors]], Any]:
    """Make a writer of instructions a function for kernels.

    `result` says of the lengths of the arguments (0: not a vector) how many vectors come out, 0 for none.
    """

    def decorate(write: Callable[..., Vectors]) -> Any:
        def typed(_: Any, *kinds: Any) -> Any:
            count = result(*map(_count, kinds))
            kind = UniTuple(lanes, count) if count > 1 else lanes if count else void

            def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
                given = [_open(context, builder, *pair) for pair in zip(types_.args, values, strict=True)]
                return _close(context, builder, kind, write(Writer(builder), *given))

            return kind(*kinds), generate

        typed.__name__, typed.__doc__ = write.__name__, write.__doc__
        typed.__signature__ = signature(write)  # type: ignore[attr-defined]
        return intrinsic(typed)

    return decorate


def _count(kind: Any) -> int:
    return len(kind) if isinstance(kind, BaseTuple) else 1


def _open(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, Array):
        return context.make_array(kind)(context, builder, value).data
    if isinstance(kind, Integer | Float):
        return value
    if isinstance(kind, BaseTuple):
        return [builder.extract_value(value, index) for index in range(len(kind))]
    return [value]


def _close(context: Any, builder: Any, kind: Any, vectors: Vectors) -> Any:
    if kind is void:
        return context.get_dummy_value()
    return context.make_tuple(builder, kind, vectors) if isinstance(kind, BaseTuple) else vectors[0]


def _places(write: Writer, data: Any, first: Any, count: int) -> list[Any]:
    """Pointers to the vectors of an array (R, 8) from row `first` on."""
    pointer = write.builder.bitcast(data, _FLOATS.as_pointer())
    return [write.builder.gep(pointer, [write.builder.add(first, _INT(index))]) for index in range(count)]


@instruction(lambda _data, _first, size: size)
def rows(write: Writer, data: Any, first: Any, size: Vectors) -> Vectors:
    """Vectors of array (R, 8) from row `first` on, as many as the tuple `size` is long."""
    return [write.builder.load(place, align=8) for place in _places(write, data, first, len(size))]


@instruction(lambda _data, _first, outer, inner: outer * inner)
def tables(write: Writer, data: Any, first: Any, outer: Vectors, inner: Vectors) -> Vectors:
    """As `rows`, as many as the product of two tuples' lengths."""
    return [write.builder.load(place, align=8) for place in _places(write, data, first, len(outer) * len(inner))]


@instruction(lambda *_: 1)
def take(write: Writer, data: Any, row: Any) -> Vectors:
    """One row of array (R, 8)."""
    return [write.builder.load(place, align=8) for place in _places(write, data, row, 1)]


@instruction(lambda *_: 0)
def put(write: Writer, data: Any, first: Any, vectors: Vectors) -> Vectors:
    """Write vectors into array (R, 8) from row `first` on."""
    for vector, place in zip(vectors, _places(write, data, first, len(vectors)), strict=True):
        write.builder.store(vector, place, align=8)
    return []


@instruction(lambda *_: 1)
def spread(write: Writer, value: Any) -> Vectors:
    """All lanes hold the float `value`."""
    return [_spread(write, value)]


@instruction(lambda _data, _first, sizes: sizes)
def spreads(write: Writer, data: Any, first: Any, sizes: Vectors) -> Vectors:
    """Successive floats of an array from flat index `first` on, each in all lanes, as many as `sizes` is long."""
    places = [write.builder.gep(data, [write.builder.add(first, _INT(index))]) for index in range(len(sizes))]
    return [_spread(write, write.builder.load(place)) for place in places]


def _spread(write: Writer, value: Any) -> Any:
    one = write.builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return write.builder.shuffle_vector(one, ir.Constant(_FLOATS, ir.Undefined), zeros)


def _each(function: Callable[..., Any], doc: str) -> Any:
    """Make a function of single vectors one of equally long tuples of them."""

    def write(writer: Writer, *given: Vectors) -> Vectors:
        longest = max(map(len, given))
        return [function(writer, *(v[0] if len(v) == 1 else v[i] for v in given)) for i in range(longest)]

    own = signature(function)
    write.__doc__, write.__signature__ = doc, own  # type: ignore[attr-defined]
    return instruction(lambda *counts: max(counts))(write)


add = _each(lambda w, a, b: w.builder.fadd(a, b), "a + b.")
sub = _each(lambda w, a, b: w.builder.fsub(a, b), "a - b.")
mul = _each(lambda w, a, b: w.builder.fmul(a, b), "a b.")
div = _each(lambda w, a, b: w.builder.fdiv(a, b), "a / b.")
fma = _each(Writer.fma, "a b + c.")
exp2 = _each(Writer.exp2, "2^x for x up to 1000; below -1000 as at -1000.")
log2 = _each(Writer.log2, "Binary logarithm of positive normal numbers.")
larger = _each(Writer.larger, "The larger of a and b.")
smaller = _each(Writer.smaller, "The smaller of a and b.")
less = _each(Writer.less, "Where a < b the third argument, elsewhere the fourth.")
exponent = _each(Writer.exponent, "Exponent of the largest power of two not above the positive x.")
unscale = _each(Writer.unscale, "The power of two that brings the positive x into [1, 2).")


@instruction(lambda _: 1)
def total(write: Writer, vectors: Vectors) -> Vectors:
    """Sum of a tuple of vectors."""
    return [reduce(write.builder.fadd, vectors)]


@instruction(lambda _: 1)
def largest(write: Writer, vectors: Vectors) -> Vectors:
    """Lane by lane the largest of a tuple of vectors."""
    return [reduce(write.larger, vectors)]


@instruction(lambda belief, _: belief)
def times_matrix(write: Writer, belief: Vectors, matrix: Vectors) -> Vectors:
    """Row vector (m,) times matrix (m, m), in every lane."""
    result = [write.builder.fmul(belief[0], entry) for entry in matrix[: len(belief)]]
    for i, weight in enumerate(belief[1:], 1):
        result = [write.fma(weight, matrix[i * len(belief) + k], value) for k, value in enumerate(result)]
    return result


@instruction(lambda before, _: before)
def reach(write: Writer, before: Vectors, chain: Vectors) -> Vectors:
    """As `times_matrix` in binary logarithms: level (m,) and chain (m, m)."""
    states, result = len(before), []
    for k in range(states):
        terms = [write.builder.fadd(before[i], chain[i * states + k]) for i in range(states)]
        top = reduce(write.larger, terms)
        parts = [write.exp2(write.builder.fsub(term, top)) for term in terms]
        result.append(write.builder.fadd(top, write.log2(reduce(write.builder.fadd, parts))))
    return result


@instruction(lambda _x, _means, _rates, level: level)
def densities(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    """Binary log-densities (m,) of x (D,): level (m,) + sum over d of rates (D, m) (x - means (D, m))^2."""
    states = len(level)
    for d, value in enumerate(x):
        off = [write.builder.fsub(value, means[d * states + k]) for k in range(states)]
        level = [write.fma(write.builder.fmul(z, z), rates[d * states + k], level[k]) for k, z in enumerate(off)]
    return level


def each_state(states: int) -> tuple[float, ...]:
    """What tells a kernel the number of states or dimensions: a tuple of that length."""
    return (0.0,) * states
