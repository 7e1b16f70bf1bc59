"""Networks drawn at random equal the step loop."""

import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.layers import Add, Affine, AvgPool, Concat, MaxPool, Pad, Permute, Upsample
from snn.neurons import Accumulate

PAIRS = some.tuples(*[some.tuples(some.integers(0, 1), some.integers(0, 1))] * 2)
PAIR = some.tuples(some.integers(1, 2), some.integers(1, 2))


def put_linear(b, draw):
    """Put one operation on the last image, of a kind and size that fit it."""
    channels, *sizes = b.shapes[b.last]
    kernel = tuple(draw(some.integers(1, min(3, n))) for n in sizes)
    groups = draw(some.sampled_from([g for g in (1, 2, channels) if channels % g == 0]))
    fields = {"stride": draw(PAIR), "padding": draw(PAIRS), "groups": groups}
    window = tuple(draw(some.integers(1, min(2, n))) for n in sizes)
    padding = tuple((draw(some.integers(0, n - 1)), draw(some.integers(0, n - 1))) for n in window)
    pool = {"stride": draw(PAIR), "padding": padding}
    kind = draw(some.sampled_from(["conv", "transposed", "max", "average", "pad", "upsample", "permute", "affine"]))
    if kind == "conv":
        b.conv(groups * draw(some.integers(1, 2)), kernel, **fields)
    elif kind == "transposed":
        b.transposed(groups * draw(some.integers(1, 2)), kernel, **{**fields, "padding": ((0, 0), (0, 0))})
    elif kind == "max":
        b.pool(MaxPool, window, **pool)
    elif kind == "average":
        b.pool(AvgPool, window, **pool, divisor=draw(some.sampled_from(["inside", "padded"])))
    elif kind == "pad":
        b.put(Pad, padding=draw(PAIRS))
    elif kind == "upsample" and max(sizes) < 7:
        b.put(Upsample, factors=draw(PAIR))
    elif kind == "permute":
        b.put(Permute, axes=draw(some.permutations([0, 1, 2])))
    else:
        b.put(Affine, scale=b.numbers(channels), shift=b.numbers(channels))


def put_neurons(b, draw):
    b.fire(
        threshold=draw(some.sampled_from([0.5, 1.0, 1.25])),
        reset=draw(some.sampled_from(["subtract", "zero", "modulo"])),
        refractory_ms=draw(some.sampled_from([0.0, 0.0, 2.0])),
        leak=draw(some.sampled_from([0.0, 0.0, 0.25])),
        initial=draw(some.sampled_from([np.float32(0), b.numbers(*b.shapes[b.last])])),
    )


def put_join(b, draw):
    """Join the last layer with another of a fitting shape, which may be one that no spike reaches."""
    channels, *sizes = b.shapes[b.last]
    same = [name for name, shape in b.shapes.items() if shape == (channels, *sizes)]
    fitting = [name for name, shape in b.shapes.items() if shape[1:] == tuple(sizes)]
    if draw(some.booleans()):
        b.put(Add, b.last, draw(some.sampled_from(same)), factors=b.numbers(2))
    elif len(sizes):
        b.put(Concat, b.last, draw(some.sampled_from(fitting)))


@seed(20240607)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_random_networks_equal_the_step_loop(data, builder, equals_step_loop):
    draw = data.draw
    shape = (draw(some.integers(1, 3)), draw(some.integers(2, 5)), draw(some.integers(2, 5)))
    b = builder(shape, seed=draw(some.integers(0, 2**16)))
    for _ in range(draw(some.integers(1, 3))):
        put_linear(b, draw)
        if draw(some.booleans()):
            put_join(b, draw)
        put_neurons(b, draw)
    b.flat()
    b.dense(3)
    if draw(some.booleans()):
        b.fire()
    else:
        b.put(Accumulate)
    # What reads earlier layers only by chance may leave a layer unread: networks have one output.
    read = {name for layer in b.layers for name in layer.inputs}
    b.layers = [layer for layer in b.layers if layer.name in read or layer.name == b.last]
    clock = Clock(duration_ms=12, dt_ms=draw(some.sampled_from([1, 0.5])))
    samples, numbers = b.samples(2), np.array([3, 8])
    kind = draw(some.sampled_from([ConstantCurrent, PoissonSpikes]))
    equals_step_loop(b.network(), samples, clock, kind(samples, numbers, clock))
