"""Layers that only give a sample another shape."""

from __future__ import annotations

from math import prod

from snn import layers as op
from snn.errors import ParseError
from snn.network import Shape

from snn_frontend_caffe.scope import Scope, Value


def flatten(scope: Scope) -> Value:
    """Translate Flatten: the axes from ``axis`` to ``end_axis`` become one."""
    options = scope.options.block("flatten_param")
    x = scope.input
    first, last = scope.axis(options, "axis"), scope.axis(options, "end_axis", -1)
    if last < first:
        raise ParseError(f"{options.where}: end_axis {last} comes before axis {first}")
    if not first:
        raise options.refuse("joins samples: its axis is that of the batch", hint="flatten from axis 1 on")
    shape = (*x.shape[: first - 1], prod(x.shape[first - 1 : last]), *x.shape[last:])
    if len(shape) == 1:
        return scope.add(op.Flatten, x)
    return scope.add(op.Reshape, x, shape=shape)


def reshape(scope: Scope) -> Value:
    """Translate Reshape: 0 keeps the size of the axis in its place, and -1 takes what is left."""
    options = scope.options.block("reshape_param")
    x = scope.input
    wanted = options.block("shape").wholes("dim", low=-1)
    rank = len(x.shape) + 1
    start = options.whole("axis", 0, low=-rank - 1)
    start = start if start >= 0 else start + rank + 1
    count = options.whole("num_axes", -1, low=-1)
    end = rank if count < 0 else start + count
    if not start <= end <= rank:
        raise ParseError(f"{options.where}: axis {start} and num_axes {count} do not fit an input of {rank} axes")
    if wanted.count(-1) > 1:
        raise ParseError(f"{options.where}: more than one of the sizes {wanted} is -1")
    full = (-2, *x.shape)  # -2 stands for the batch, whatever that is
    if any(size == 0 and start + place >= rank for place, size in enumerate(wanted)):
        raise ParseError(f"{options.where}: a 0 in {wanted} stands for an axis that the input does not have")
    kept = tuple(full[start + place] if size == 0 else size for place, size in enumerate(wanted))
    return scope.add(op.Reshape, x, shape=_sample(scope, (*full[:start], *kept, *full[end:]), x.shape))


def _sample(scope: Scope, shape: Shape, x: Shape) -> Shape:
    """Return the shape of a sample, for one that begins with the batch: -2, or its number, or -1 for what is left."""
    total, own = prod(x), shape[1:]
    if -1 in own and shape[0] != -1:
        rest = prod(size for size in own if size != -1)
        if rest < 1 or total % rest:
            raise ParseError(f"{scope.where}: {total} elements of a sample do not fill the shape {own}")
        own = tuple(total // rest if size == -1 else size for size in own)
    if not shape or shape[0] not in (-2, -1, scope.batch) or -2 in own or not own:
        raise scope.options.refuse(
            "gives the axis of the batch another size or place", hint="begin its shape with dim: 0, which keeps it"
        )
    if prod(own) != total:
        raise ParseError(f"{scope.where}: the shape {own} does not hold the {total} elements of a sample")
    return own
