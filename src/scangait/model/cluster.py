"""What observations ask of one cluster, in eight lanes: R rows of eight of them at once, or of the boxes of blocks.

A cluster is its means (D,), rates (D,) and level: the binary log-density of x is level + sum of rate (x - mean)^2.
"""

from __future__ import annotations

from scangait.model.lanes import Vectors, instruction
from scangait.model.vectors import Writer


@instruction(lambda value, cluster: value // (cluster // 2))
def under(write: Writer, value: Vectors, cluster: Vectors) -> Vectors:
    """Binary log-densities (R,) of value (D, R) under a cluster (2 D + 1,)."""
    dims = len(cluster) // 2
    result = [cluster[-1]] * (len(value) // dims)
    for d, off in enumerate(_off(write, value, cluster)):
        result = [
            write.fma(write.builder.fmul(z, z), cluster[dims + d], one) for z, one in zip(off, result, strict=True)
        ]
    return result


@instruction(lambda _share, _value, _cluster, sums: sums)
def collect(write: Writer, share: Vectors, value: Vectors, cluster: Vectors, sums: Vectors) -> Vectors:
    """Add to sums (1 + 2 D,) the share (R,) of value (D, R): mass, then first and second moments about the means of a
    cluster (2 D + 1,). Rows are added in turns to two halves of the sums, which do not wait for each other.
    """
    b, halves = write.builder, [sums, []]
    for row, (part, *off) in enumerate(zip(share, *_off(write, value, cluster), strict=True)):
        half, sides = halves[row % 2], off + [b.fmul(z, z) for z in off]
        if half:
            more = [write.fma(part, z, side) for z, side in zip(sides, half[1:], strict=True)]
            halves[row % 2] = [b.fadd(half[0], part), *more]
        else:
            halves[row % 2] = [part, *(b.fmul(part, z) for z in sides)]
    return [b.fadd(*pair) for pair in zip(*halves, strict=True)]


@instruction(lambda block, cluster: block // (cluster - 1))
def under_in_the_mean(write: Writer, block: Vectors, cluster: Vectors) -> Vectors:
    """Mean binary log-densities (R,) of blocks, by their means and variances (2 D, R), under a cluster (2 D + 1,)."""
    dims = len(cluster) // 2
    result = [cluster[-1]] * (len(block) // (2 * dims))
    for rate, square in zip(cluster[dims:], _squares(write, block, cluster), strict=False):
        result = [write.fma(one, rate, level) for one, level in zip(square, result, strict=True)]
    return result


@instruction(lambda _share, _block, _cluster, sums: sums)
def collect_whole(write: Writer, share: Vectors, block: Vectors, cluster: Vectors, sums: Vectors) -> Vectors:
    """As `collect` for whole blocks, by their means and variances (2 D, R), of which it has the shares (R,): how many
    observations they are.
    """
    mass, *sides = sums
    moved = _off(write, block[: len(block) // 2], cluster) + _squares(write, block, cluster)
    for row, own in enumerate(share):
        mass = write.builder.fadd(mass, own)
        sides = [write.fma(own, each[row], side) for each, side in zip(moved, sides, strict=True)]
    return [mass, *sides]


def _squares(write: Writer, block: Vectors, cluster: Vectors) -> list[Vectors]:
    """Mean squared distances of blocks (2 D, R) from the mean of a cluster, dimension by dimension."""
    half, off = len(block) // 2, _off(write, block[: len(block) // 2], cluster)
    rows = len(off[0])
    return [
        [write.fma(z, z, variance) for z, variance in zip(one, block[half + d * rows :], strict=False)]
        for d, one in enumerate(off)
    ]


def _off(write: Writer, value: Vectors, cluster: Vectors) -> list[Vectors]:
    """Distances of value (D, R) from the means of a cluster, dimension by dimension."""
    rows = len(value) // (len(cluster) // 2)
    return [
        [write.builder.fsub(one, cluster[at // rows]) for one in value[at : at + rows]]
        for at in range(0, len(value), rows)
    ]


@instruction(lambda least, _most, cluster: 2 * least // (cluster // 2))
def extremes(write: Writer, least: Vectors, most: Vectors, cluster: Vectors) -> Vectors:
    """Largest (R,) and smallest (R,) binary log-density under a cluster (2 D + 1,) in boxes, least to most (D, R)."""
    b, dims = write.builder, len(cluster) // 2
    rows = len(least) // dims
    high, low = [cluster[-1]] * rows, [cluster[-1]] * rows
    for at, (a, z) in enumerate(zip(least, most, strict=True)):
        (d, row), mean = divmod(at, rows), cluster[at // rows]
        near = b.fsub(write.larger(a, write.smaller(z, mean)), mean)
        far = write.larger(b.fsub(mean, a), b.fsub(z, mean))
        high[row] = write.fma(b.fmul(near, near), cluster[dims + d], high[row])
        low[row] = write.fma(b.fmul(far, far), cluster[dims + d], low[row])
    return high + low
