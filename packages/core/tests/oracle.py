"""What layers compute, written a second time as plain loops over single numbers: slow, and easy to believe."""

from __future__ import annotations

import itertools
import math


def cells(sizes):
    return itertools.product(*map(range, sizes))


def inside(index, sizes):
    return all(0 <= i < n for i, n in zip(index, sizes, strict=True))


def array(shape, value):
    """Return a dict of ``value(index)``, for every index of ``shape``."""
    return {index: value(index) for index in cells(shape)}


def conv(layer, x, sizes, out):
    """Return the cross-correlation; ``x`` is one sample, (channels, *sizes)."""
    kernel = layer.weight.shape[2:]
    per_out, per_in = layer.weight.shape[0] // layer.groups, layer.weight.shape[1]

    def value(index):
        o, *place = index
        total = float(layer.bias[o])
        for i in range(per_in):
            for tap in cells(kernel):
                at = tuple(
                    p * s + t * d - before
                    for p, s, t, d, (before, _) in zip(
                        place, layer.stride, tap, layer.dilation, layer.padding, strict=True
                    )
                )
                if inside(at, sizes):
                    total += float(layer.weight[(o, i, *tap)]) * float(x[(o // per_out * per_in + i, *at)])
        return total

    return array(out, value)


def transpose(layer, x, sizes, out):
    """Return the transposed convolution: each input cell strewn over the outputs it reaches."""
    kernel = layer.weight.shape[2:]
    per_in, per_out = layer.weight.shape[0] // layer.groups, layer.weight.shape[1]
    total = array(out, lambda index: float(layer.bias[index[0]]))
    for i in range(layer.weight.shape[0]):
        for place in cells(sizes):
            for o in range(per_out):
                for tap in cells(kernel):
                    at = tuple(
                        p * s + t * d - before
                        for p, s, t, d, (before, _) in zip(
                            place, layer.stride, tap, layer.dilation, layer.padding, strict=True
                        )
                    )
                    index = (i // per_in * per_out + o, *at)
                    if index in total:
                        total[index] += float(layer.weight[(i, o, *tap)]) * float(x[(i, *place)])
    return total


def window(layer, index, sizes):
    """Return the cells of the input, inside it, that the window at ``index`` covers."""
    return [
        at
        for tap in cells(layer.size)
        if inside(
            at := tuple(
                p * s + t - before for p, s, t, (before, _) in zip(index, layer.stride, tap, layer.padding, strict=True)
            ),
            sizes,
        )
    ]


def maxpool(layer, x, sizes, out):
    return array(out, lambda index: max(float(x[(index[0], *at)]) for at in window(layer, index[1:], sizes)))


def avgpool(layer, x, sizes, out):
    def value(index):
        found = [float(x[(index[0], *at)]) for at in window(layer, index[1:], sizes)]
        return sum(found) / (len(found) if layer.divisor == "inside" else math.prod(layer.size))

    return array(out, value)
