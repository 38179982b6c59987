"""Numbers in the bytes of a capture, in either byte order: instructions, as a kernel of its own would take longer to
compile than all that it is called for.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from llvmlite import ir
from numba.core.types import boolean, int64
from numba.extending import intrinsic

NETWORK: Final = True
"""The byte order of all protocols: most significant byte first."""


def _word(kind: Any, doc: str) -> Any:
    """A function of a kernel: buf (B,), the place of its first byte, whether the most significant is first -> int."""

    def typed(_: Any, buf: Any, at: Any, big: Any) -> Any:  # noqa: ARG001 (numba hands them over by name)
        def generate(context: Any, builder: Any, _: Any, values: Any) -> Any:
            data, place, most_first = values
            first = builder.gep(context.make_array(buf)(context, builder, data).data, [place])
            here = builder.load(builder.bitcast(first, kind.as_pointer()), align=1)
            either = (builder.bswap(here), here) if sys.byteorder == "little" else (here, builder.bswap(here))
            return builder.zext(builder.select(most_first, *either), ir.IntType(64))

        return int64(buf, int64, boolean), generate

    typed.__doc__ = doc
    return intrinsic(typed)


word16: Final = _word(ir.IntType(16), "Two bytes.")
word32: Final = _word(ir.IntType(32), "Four bytes.")
