"""Networks whose sums are exact in any order, with spikes for them, and what a backend makes of them."""

from __future__ import annotations

import numpy as np
from snn import layers as op
from snn.clock import Clock
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.simulating import Record, Setup
from snn.testing.golden import GivenSpikes
from snn_backend_megasim.backend import MegaSim


def sixteenths(rng, *shape, most=12):
    return (rng.integers(-most, most + 1, shape) / 16).astype(np.float32)


def conv(rng, name, source, out, given, **fields):
    plain = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), **fields}
    kernel = tuple(rng.integers(1, 4, 2))
    weight = sixteenths(rng, out, given // plain.get("groups", 1), *kernel)
    return op.Conv(name=name, inputs=(source,), weight=weight, bias=sixteenths(rng, out, most=4), **plain)


def fire(rng, name, source, shape=None):
    fields = {"threshold": 1 + float(rng.integers(-4, 5)) / 16, "reset": str(rng.choice(["subtract", "zero"]))}
    if shape and rng.random() < 0.5:
        fields["initial"] = sixteenths(rng, *shape)
    return IntegrateFire(name=name, inputs=(source,), **fields)


def dense(rng, name, source, out, given):
    weight, bias = sixteenths(rng, out, given), sixteenths(rng, out, most=4)
    return op.Dense(name=name, inputs=(source,), weight=weight, bias=bias)


def images(seed):
    """Return convolutions with odd kernels, paddings and groups, a max-pool, an average pool and dense layers."""
    rng = np.random.default_rng(seed)
    padding = tuple(tuple(int(n) for n in rng.integers(0, 3, 2)) for _ in range(2))
    groups = int(rng.choice([1, 2]))
    first = conv(rng, "conv/1", "input", 4, 2, padding=padding, groups=groups)
    plain = {"size": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0))}
    odd = {"size": (3, 2), "stride": (1, 2), "padding": ((1, 0), (0, 1))}
    layers = [op.Input(name="input", shape=(2, 8, 16)), first]
    layers.append(fire(rng, "fire/1", "conv/1", Network(tuple(layers)).shapes["conv/1"]))
    layers += [op.MaxPool(name="max", inputs=("fire/1",), **odd)]
    layers += [conv(rng, "conv/2", "max", 3, 4, dilation=(1, 2)), fire(rng, "fire/2", "conv/2")]
    layers += [op.AvgPool(name="mean", inputs=("fire/2",), **plain), fire(rng, "mean/fire", "mean")]
    layers += [op.Flatten(name="flat", inputs=("mean/fire",))]
    size = Network(tuple(layers)).shapes["flat"][0]
    layers += [dense(rng, "dense", "flat", 6, size), fire(rng, "fire/3", "dense", (6,))]
    layers += [dense(rng, "classes", "fire/3", 3, 6), fire(rng, "out", "classes")]
    return Network(tuple(layers), stage="spiking")


def branches(seed):
    """Return a strided convolution, and two branches that meet: what is unrolled."""
    rng = np.random.default_rng(seed)
    layers = (
        op.Input(name="input", shape=(2, 6, 6)),
        conv(rng, "conv", "input", 2, 2, stride=(2, 1), padding=((1, 0), (1, 1))),
        fire(rng, "fire/1", "conv"),
        op.Flatten(name="flat", inputs=("fire/1",)),
    )
    size = Network(layers).shapes["flat"][0]
    return Network(
        (
            *layers,
            dense(rng, "dense", "flat", 5, size),
            fire(rng, "fire/2", "dense", (5,)),
            dense(rng, "short", "flat", 5, size),
            op.Add(name="sum", inputs=("fire/2", "short"), factors=np.array([0.5, 0.25], np.float32)),
            fire(rng, "out", "sum"),
        ),
        stage="spiking",
    )


def given(network, batch, steps, seed, *, share=0.3, heights=(1.0,), dt_ms=1.0):
    """Return random spikes for ``network``."""
    rng = np.random.default_rng(seed)
    shape = (steps, batch, *network.shapes[network.input.name])
    spikes = ((rng.random(shape) < share) * rng.choice(heights, shape)).astype(np.float32)
    return GivenSpikes(spikes.mean(axis=0), np.arange(batch), Clock(steps * dt_ms, dt_ms), spikes)


def recorded(network, stimulus, backend=None, *, potentials=True, folder=None):
    """Return the recording of all neurons, and the facts."""
    names = frozenset(layer.name for layer in network.layers if isinstance(layer, IntegrateFire))
    record = Record(counts=names, spikes=names, potentials=names if potentials else frozenset())
    setup = Setup(clock=stimulus.clock, record=record, folder=folder, kind="spikes")
    with (backend or MegaSim()).build(network, setup) as simulator:
        return simulator.run(stimulus), dict(simulator.facts())
