"""Random networks and programs, for the tests."""

import numpy as np
from snn.clock import Clock
from snn.layers import AvgPool, Conv, Dense, Flatten, Input
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire, Neuron
from snn.response_neurons import CurrentBased
from snn.simulating import Record, Setup
from snn.testing import golden
from snn.testing.golden import GivenSpikes
from snn_backend_loihi.backend import Loihi
from snn_backend_loihi.program import Compartments, Program, Synapses

RULE = {"integer": True, "threshold": 2560.0, "current_decay": 0.25, "voltage_decay": 0.03125}


def dense(seed, *, reset="subtract", readout=Accumulate):
    """Return 12-20-5 neurons, with biases."""
    draw = np.random.default_rng(seed)
    first, second = draw.normal(0, 0.3, (20, 12)), draw.normal(0, 0.3, (5, 20))
    layers = (
        Input(name="input", shape=(12,)),
        _dense("one", "input", first, draw),
        IntegrateFire(name="one/fire", inputs=("one",), reset=reset, initial=np.float32(draw.uniform(0, 0.9))),
        _dense("two", "one/fire", second, draw),
        readout(name="out", inputs=("two",)),
    )
    return Network(layers, stage="spiking")


def conv(seed, *, reset="subtract", padding=1):
    """Return a convolution, a spiking pool, a grouped convolution and a dense layer, on images of 6 times 8."""
    draw = np.random.default_rng(seed)
    two = {"stride": (1, 1), "dilation": (1, 1)}
    layers = (
        Input(name="input", shape=(2, 6, 8)),
        Conv(
            name="conv",
            inputs=("input",),
            weight=draw.normal(0, 0.3, (4, 2, 3, 3)).astype(np.float32),
            bias=draw.normal(0, 0.05, 4).astype(np.float32),
            padding=((padding, 1), (1, 1)),
            **two,
        ),
        IntegrateFire(name="conv/fire", inputs=("conv",), reset=reset),
        AvgPool(name="pool", inputs=("conv/fire",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0))),
        IntegrateFire(name="pool/fire", inputs=("pool",), reset=reset),
        Conv(
            name="grouped",
            inputs=("pool/fire",),
            weight=draw.normal(0, 0.4, (6, 2, 2, 3)).astype(np.float32),
            bias=draw.normal(0, 0.05, 6).astype(np.float32),
            padding=((0, 0), (1, 1)),
            groups=2,
            **two,
        ),
        IntegrateFire(name="grouped/fire", inputs=("grouped",), reset=reset),
        Flatten(name="flatten", inputs=("grouped/fire",)),
        _dense("last", "flatten", draw.normal(0, 0.2, (3, 6 * (1 + padding) * 4)), draw),
        Accumulate(name="out", inputs=("last",)),
    )
    return Network(layers, stage="spiking")


def _dense(name, source, weight, draw):
    bias = draw.normal(0, 0.05, len(weight))
    return Dense(name=name, inputs=(source,), weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def spikes(network, seed, steps=30, batch=3, share=0.3):
    """Return random spikes for ``network``."""
    shape = network.shapes["input"]
    fired = (np.random.default_rng(seed).random((steps, batch, *shape)) < share).astype(np.float32)
    return GivenSpikes(np.zeros((batch, *shape), np.float32), np.arange(batch), Clock(steps, 1.0), fired)


def record(network, stimulus, **settings):
    """Return all spikes and potentials of a network that is fitted."""
    names = frozenset(layer.name for layer in network.layers if isinstance(layer, Neuron))
    firing = frozenset(name for name in names if network[name].spiking)
    setup = Setup(clock=stimulus.clock, record=Record(spikes=firing, potentials=names), kind=stimulus.kind)
    with Loihi(**settings).build(network, setup) as simulator:
        return simulator.run(stimulus)


def program(seed):
    """Return three layers and an entry, joined at random, with decays of every kind."""
    draw = np.random.default_rng(seed)
    sizes = {"a": 7, "b": 9, "c": 4}
    groups = {
        name: Compartments(
            name=name,
            size=size,
            depth=0,
            unit=0,
            threshold=int(draw.integers(0, 2000)),
            current_decay=int(draw.choice([4095, draw.integers(0, 4095)])),
            voltage_decay=int(draw.choice([0, draw.integers(0, 4096)])),
            pause=int(draw.choice([0, 2])),
            bias_mantissa=draw.integers(-4095, 4096, size),
            bias_exponent=draw.integers(0, 8, size),
            initial=draw.integers(-(2**20), 2**20, size),
            reset=str(draw.choice(["zero", "subtract"])),
            spiking=True,
            driven=False,
        )
        for name, size in sizes.items()
    }
    ways = []
    for source, target in (("entry", "a"), ("entry", "b"), ("a", "b"), ("a", "c"), ("b", "c")):
        shape = (6 if source == "entry" else sizes[source], sizes[target])
        pre, post = np.nonzero(draw.random(shape) < draw.choice([0.3, 0.9]))
        if len(pre):
            mantissa, exponent = 2 * draw.integers(-128, 128, len(pre)), int(draw.integers(0, 8))
            ways.append(Synapses(source, target, pre, post, mantissa, exponent))
    return Program(groups, tuple(ways), "entry", 6)


def trained(seed, **fields):
    """Return three layers with weights of eight bits times a power of two, and spikes for them."""
    draw = np.random.default_rng(seed)
    layers = [Input(name="input", shape=(12,))]
    for place, (before, size) in enumerate(((12, 16), (16, 10), (10, 5))):
        weight = 2 * draw.integers(-127, 128, (size, before)) * 2 ** (6 + draw.integers(0, 3))
        neuron = {
            **RULE,
            "threshold": float(64 * draw.integers(1, 2**10)),
            "current_decay": int(draw.integers(512, 4097)) / 4096,
            "voltage_decay": int(draw.integers(128, 4096)) / 4096,
            "refractory_steps": int(draw.integers(1, 4)),
            **fields,
        }
        source = layers[-1].name
        layers += [
            golden.dense(f"weights{place}", source, weight),
            CurrentBased(name=f"fire{place}", inputs=(f"weights{place}",), **neuron),
        ]
    spikes = (draw.random((40, 3, 12)) < 0.3).astype(np.float32)
    stimulus = GivenSpikes(np.zeros((3, 12), np.float32), np.arange(3), Clock(40, 1), spikes)
    return Network(tuple(layers), stage="spiking"), stimulus
