"""How layers are spread over cores, and what does not fit."""

import itertools

import loihi_networks as networks
import numpy as np
import pytest
from snn import layers as op
from snn.errors import UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.testing import golden
from snn_backend_loihi.backend import Loihi
from snn_backend_loihi.limits import layouts


def chain(*sizes):
    """Return dense layers of neurons, all joined with all."""
    layers = [op.Input(name="input", shape=sizes[:1]), IntegrateFire(name="n0", inputs=("input",))]
    for place, (inputs, outputs) in enumerate(itertools.pairwise(sizes), 1):
        layers.append(golden.dense(f"d{place}", f"n{place - 1}", np.ones((outputs, inputs))))
        layers.append(IntegrateFire(name=f"n{place}", inputs=(f"d{place}",)))
    return Network(tuple(layers), stage="spiking")


def spread(*sizes):
    return {name: (layout.per_core, layout.cores, layout.limit) for name, layout in layouts(chain(*sizes)).items()}


def test_a_core_has_1024_compartments():
    assert spread(2500, 1)["n0"] == (1024, 3, "compartments")


def test_synapses_of_a_core_fill_128_kib():
    """A core of 1,000 neurons with 1,000 inputs each has 8 million bits; of 125 neurons, one million."""
    assert spread(1000, 1000, 1)["n1"] == (125, 8, "synaptic memory")


def test_an_axon_comes_from_each_neuron_that_reaches_a_core():
    """A neuron of 5,000 inputs needs 5,000 axons into its core, and there are 4,096."""
    network = chain(5000, 1)
    problems = Loihi().inspect(network)
    assert [problem.layer for problem in problems] == ["n1"]
    assert "fan-in axons" in problems[0].message


def test_spikes_need_an_axon_to_each_core_that_they_go_to():
    """From 1,024 neurons to 8 cores go 8,192 axons; a core of 512 sends 4,096."""
    found = spread(1024, 1000, 1)
    assert found["n1"] == (125, 8, "synaptic memory")
    assert found["n0"] == (512, 2, "fan-out axons")


def test_the_layer_that_takes_most_cores_is_named_where_there_are_too_few():
    with pytest.raises(UnsupportedLayer) as caught:
        Loihi(chips=1, cores_per_chip=8).check(chain(1000, 1000, 1))
    assert str(caught.value) == (
        "layer 'n1': 8 of the 11 cores that the network needs, at 125 neurons a core for its synaptic memory; 1 chips "
        "have 8"
    )
    assert "backend.loihi.chips" in caught.value.hint


def test_synapses_that_no_memory_holds_are_refused_before_they_are_made():
    """A convolution of 16 channels to 16 on images of 4,000 x 4,000 has more than 10^10 synapses."""
    plain = {"stride": (1, 1), "dilation": (1, 1), "padding": ((1, 1), (1, 1))}
    weight = np.ones((16, 16, 3, 3), np.float32)
    layers = (
        op.Input(name="input", shape=(16, 1000, 1000)),
        IntegrateFire(name="first", inputs=("input",)),
        op.Conv(name="conv", inputs=("first",), weight=weight, bias=np.zeros(16, np.float32), **plain),
        IntegrateFire(name="out", inputs=("conv",)),
    )
    (problem,) = Loihi().inspect(Network(layers, stage="spiking"))
    assert problem.layer == "first"
    assert "32 chips hold 536,870,912" in problem.message


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"leak": 0.1}, "leak: the leak of Loihi's neurons is a share of the potential"),
        ({"reset": "modulo"}, "reset 'modulo'"),
        ({"refractory_ms": 2.0}, "refractory_ms"),
    ],
)
def test_what_neurons_cannot_do_is_refused_by_name(fields, told):
    with pytest.raises(UnsupportedLayer, match=r"layer 'out': backend 'loihi' cannot do") as caught:
        Loihi().check(golden.single(**fields))
    assert told in str(caught.value)


def test_max_pools_behind_neurons_are_refused_and_those_of_the_input_are_not():
    pool = op.MaxPool(name="pool", inputs=("input",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
    flat = op.Flatten(name="flat", inputs=("pool",))
    entry, out = op.Input(name="input", shape=(1, 4, 4)), Accumulate(name="out", inputs=("flat",))
    Loihi().check(Network((entry, pool, flat, out), stage="spiking"))
    behind = op.MaxPool(name="pool", inputs=("fire",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
    with pytest.raises(UnsupportedLayer, match="layer 'pool': Loihi has no neurons that take the largest"):
        Loihi().check(
            Network((entry, IntegrateFire(name="fire", inputs=("input",)), behind, flat, out), stage="spiking")
        )


def test_facts_tell_cores_thresholds_and_units():
    network = Loihi().fit(networks.conv(0), None)
    stimulus = networks.spikes(network, 0)
    from snn.simulating import Setup

    with Loihi().build(network, Setup(clock=stimulus.clock, kind="spikes")) as simulator:
        facts = simulator.facts()
    assert facts["cores"] == 4
    assert facts["chips"] == 1
    assert facts["executor"] == "emulator"
    assert facts["input"] == "spikes"
    assert facts["layers"]["conv/fire"].startswith("1 core of 192 neurons (limit: compartments); threshold ")
