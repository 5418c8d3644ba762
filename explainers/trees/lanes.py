"""A few doubles that move together through the processor's vector unit.

`Lanes(Q)` is a value of Q doubles inside compiled code, with +, -, * among lanes and with plain numbers. The kernels
evaluate their polynomials at Q quadrature points with it: one instruction instead of Q. A plain loop over Q entries
of arrays would not do, because the compiler must assume that the arrays overlap and keeps such a loop scalar. What
the processor lacks in width, the compiler splits; nothing here depends on a particular machine.

Arrays of lanes are ordinary C-contiguous float arrays of shape (rows, Q). `load(array, row, shape)` and
`store(array, row, value)` move one row; `shape` is a tuple of Q entries whose length the compiler knows. As fast as
they are, they check nothing: a row out of range is the caller's mistake.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

__all__ = ["Lanes", "load", "splat", "store", "total"]


class Lanes(types.Type):
    """Type of Q doubles in compiled code."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(name=f"Lanes({size})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(ir.DoubleType(), kind.size))


def _row_pointer(context, builder, array_type, array, row, size):
    data = context.make_array(array_type)(context, builder, array).data
    start = builder.gep(data, [builder.mul(row, ir.Constant(row.type, size))])
    return builder.bitcast(start, ir.VectorType(ir.DoubleType(), size).as_pointer())


def _is_lane_array(array) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.float64


@intrinsic
def load(typing_context, array, row, shape):
    """Row `row` of an array (rows, Q) as lanes."""
    if not (_is_lane_array(array) and isinstance(shape, types.BaseTuple)):
        return None
    size = len(shape)

    def generate(context, builder, signature, arguments):
        index = context.cast(builder, arguments[1], signature.args[1], types.intp)
        pointer = _row_pointer(context, builder, array, arguments[0], index, size)
        return builder.load(pointer, align=8, typ=ir.VectorType(ir.DoubleType(), size))

    return Lanes(size)(array, row, shape), generate


@intrinsic
def store(typing_context, array, row, value):
    """Write lanes to row `row` of an array (rows, Q)."""
    if not (_is_lane_array(array) and isinstance(value, Lanes)):
        return None

    def generate(context, builder, signature, arguments):
        index = context.cast(builder, arguments[1], signature.args[1], types.intp)
        builder.store(
            arguments[2], _row_pointer(context, builder, array, arguments[0], index, value.size), align=8
        )
        return context.get_dummy_value()

    return types.none(array, row, value), generate


@intrinsic
def splat(typing_context, number, shape):
    """The same number in every lane."""
    if not (isinstance(number, types.Float) and isinstance(shape, types.BaseTuple)):
        return None
    size = len(shape)

    def generate(context, builder, signature, arguments):
        return _spread(builder, arguments[0], size)

    return Lanes(size)(number, shape), generate


@intrinsic
def total(typing_context, value):
    """Sum over the lanes."""
    if not isinstance(value, Lanes):
        return None

    def generate(context, builder, signature, arguments):
        at = [ir.Constant(ir.IntType(32), i) for i in range(value.size)]
        out = builder.extract_element(arguments[0], at[0])
        for i in at[1:]:
            out = builder.fadd(out, builder.extract_element(arguments[0], i))
        return out

    return types.float64(value), generate


def _spread(builder, number, size):
    vector = ir.VectorType(ir.DoubleType(), size)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(
        first,
        ir.Constant(vector, ir.Undefined),
        ir.Constant(ir.VectorType(ir.IntType(32), size), [0] * size),
    )


def _define(operation, instruction: str) -> None:
    """Define one operator for lanes with lanes, and for a number with lanes on either side."""

    @intrinsic
    def apply(typing_context, a, b):
        lanes = a if isinstance(a, Lanes) else b

        def generate(context, builder, signature, arguments):
            values = []
            for value, kind in zip(arguments, signature.args, strict=True):
                if not isinstance(kind, Lanes):
                    value = _spread(builder, context.cast(builder, value, kind, types.float64), lanes.size)
                values.append(value)
            # "contract" lets a product and a sum become one fused instruction
            return getattr(builder, instruction)(*values, flags=("contract",))

        return lanes(a, b), generate

    @overload(operation, inline="never")
    def resolve(a, b):
        if not isinstance(a, Lanes) and not isinstance(b, Lanes):
            return None
        if not all(isinstance(x, (Lanes, types.Float)) for x in (a, b)):
            return None

        def implementation(a, b):
            return apply(a, b)

        return implementation


for _operation, _instruction in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _define(_operation, _instruction)
_define(operator.truediv, "fdiv")
