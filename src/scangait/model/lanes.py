"""Eight lanes: vectors of eight float64 as kernels see them, and rows of such vectors.

A kernel sees one vector as `lanes` and several as a tuple of them, whose length numba knows: one kernel per number of
states and of dimensions is compiled when it is first asked for. Every function here writes its instructions in place.
Where one argument has one vector and another has several, the one is meant for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from inspect import signature
from math import prod
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core.types import Array, Float, Integer, boolean, void
from numba.core.types.containers import BaseTuple, UniTuple
from numba.extending import intrinsic
from numpy.typing import NDArray

from scangait.model.vectors import ALIGNMENT, FLOATS, INT, WIDTH, Writer, lanes


def aligned(*shape: int) -> NDArray[np.float64]:
    """Uninitialised float64 array of `shape` whose first element begins a cache line."""
    raw = np.empty(prod(shape) * 8 + ALIGNMENT, np.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    return raw[skip : skip + raw.size - ALIGNMENT].view(np.float64).reshape(shape)


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


def places(write: Writer, data: Any, first: Any, count: int) -> list[Any]:
    """Pointers to the vectors of an array (R, 8) from row `first` on."""
    b, pointer = write.builder, write.builder.bitcast(data, FLOATS.as_pointer())
    return [b.gep(pointer, [b.add(first, INT(index))]) for index in range(count)]


def load(write: Writer, data: Any, first: Any, count: int) -> Vectors:
    """The vectors at `places`."""
    return [write.builder.load(place, align=8) for place in places(write, data, first, count)]


def store(write: Writer, data: Any, first: Any, vectors: Vectors) -> Vectors:
    """Write vectors to `places`."""
    for vector, place in zip(vectors, places(write, data, first, len(vectors)), strict=True):
        write.builder.store(vector, place, align=8)
    return []


@instruction(lambda _data, _first, size: size)
def rows(write: Writer, data: Any, first: Any, size: Vectors) -> Vectors:
    """Vectors of array (R, 8) from row `first` on, as many as the tuple `size` is long."""
    return load(write, data, first, len(size))


@instruction(lambda _data, _first, outer, inner: outer * inner)
def tables(write: Writer, data: Any, first: Any, outer: Vectors, inner: Vectors) -> Vectors:
    """As `rows`, as many as the product of two tuples' lengths."""
    return load(write, data, first, len(outer) * len(inner))


@instruction(lambda *_: 1)
def take(write: Writer, data: Any, row: Any) -> Vectors:
    """One row of array (R, 8)."""
    return load(write, data, row, 1)


@instruction(lambda *_: 0)
def put(write: Writer, data: Any, first: Any, vectors: Vectors) -> Vectors:
    """Write vectors into array (R, 8) from row `first` on."""
    return store(write, data, first, vectors)


@instruction(lambda outer, inner: outer * inner)
def zeros(write: Writer, outer: Vectors, inner: Vectors) -> Vectors:
    """Vectors of zeros, as many as the product of two tuples' lengths."""
    return [write.constant(0)] * (len(outer) * len(inner))


@instruction(lambda *_: 1)
def spread(write: Writer, value: Any) -> Vectors:
    """All lanes hold the float `value`."""
    return [_spread(write, value)]


@instruction(lambda _data, _first, sizes: sizes)
def spreads(write: Writer, data: Any, first: Any, sizes: Vectors) -> Vectors:
    """Successive floats of an array from flat index `first` on, each in all lanes, as many as `sizes` is long."""
    pointers = [write.builder.gep(data, [write.builder.add(first, INT(index))]) for index in range(len(sizes))]
    return [_spread(write, write.builder.load(place)) for place in pointers]


def _spread(write: Writer, value: Any) -> Any:
    one = write.builder.insert_element(ir.Constant(FLOATS, ir.Undefined), value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return write.builder.shuffle_vector(one, ir.Constant(FLOATS, ir.Undefined), zeros)


@intrinsic  # type: ignore[untyped-decorator]
def some(_: Any, a: Any, b: Any) -> Any:  # noqa: ARG001 - their names are those of the function for kernels
    """Whether a < b in some lane."""

    def generate(_context: Any, builder: Any, _types: Any, values: Any) -> Any:
        lower = builder.fcmp_ordered("<", *values)
        return builder.icmp_unsigned("!=", builder.bitcast(lower, ir.IntType(WIDTH)), ir.IntType(WIDTH)(0))

    return boolean(lanes, lanes), generate


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
reciprocal = _each(Writer.reciprocal, "1 / x of normal numbers.")
fma = _each(Writer.fma, "a b + c.")
log2 = _each(Writer.log2, "Binary logarithm of positive normal numbers.")
logarithms = _each(Writer.logarithm, "Binary logarithm of probabilities; IMPOSSIBLE for zero.")
larger = _each(Writer.larger, "The larger of a and b.")
smaller = _each(Writer.smaller, "The smaller of a and b.")
less = _each(Writer.less, "Where a < b the third argument, elsewhere the fourth.")
alike = _each(Writer.alike, "Where a = b the third argument, elsewhere the fourth.")
exponent = _each(Writer.exponent, "Exponent of the largest power of two not above the positive x.")
unscale = _each(Writer.unscale, "The power of two that brings the positive x into [1, 2).")


@instruction(lambda _: 1)
def total(write: Writer, vectors: Vectors) -> Vectors:
    """Sum of a tuple of vectors."""
    return [reduce(write.builder.fadd, vectors)]


@instruction(lambda _: 1)
def product(write: Writer, vectors: Vectors) -> Vectors:
    """Product of a tuple of vectors."""
    return [reduce(write.builder.fmul, vectors)]


@instruction(lambda *_: 1)
def dot(write: Writer, a: Vectors, b: Vectors, start: Vectors) -> Vectors:
    """The vector `start` and the sum of the products of two tuples."""
    whole = write.builder.fmul(a[0], b[0])
    for one, other in zip(a[1:], b[1:], strict=True):
        whole = write.fma(one, other, whole)
    return [write.builder.fadd(start[0], whole)]


@instruction(lambda vectors: vectors)
def exp2(write: Writer, vectors: Vectors) -> Vectors:
    """2^x for x up to 1000; below -900 as at -900."""
    return write.powers(vectors)


@instruction(lambda _: 1)
def largest(write: Writer, vectors: Vectors) -> Vectors:
    """Lane by lane the largest of a tuple of vectors."""
    return [write.largest(vectors)]


@instruction(lambda a, b, c: a + b + c)
def joined(_: Writer, a: Vectors, b: Vectors, c: Vectors) -> Vectors:
    """One tuple of three."""
    return a + b + c


@instruction(lambda _vectors, size: size)
def first(_: Writer, vectors: Vectors, size: Vectors) -> Vectors:
    """The first ones of a tuple of vectors, as many as the tuple `size` is long."""
    return vectors[: len(size)]


@instruction(lambda vectors, size: vectors - size)
def rest(_: Writer, vectors: Vectors, size: Vectors) -> Vectors:
    """A tuple of vectors without its first ones, as many as the tuple `size` is long."""
    return vectors[len(size) :]


@instruction(lambda vectors, size: vectors * size)
def repeated(_: Writer, vectors: Vectors, size: Vectors) -> Vectors:
    """Each vector as many times in a row as the tuple `size` is long: (D,) becomes (D, m)."""
    return [vector for vector in vectors for _ in size]


def each_state(states: int) -> tuple[float, ...]:
    """What tells a kernel the number of states or dimensions: a tuple of that length."""
    return (0.0,) * states
