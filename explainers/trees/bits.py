"""Counting bits as a single instruction in compiled code."""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

__all__ = ["count_ones"]


@intrinsic
def count_ones(typing_context, bits):
    """Number of ones in an unsigned 64-bit integer."""
    if bits != types.uint64:
        return None

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(bits), generate
