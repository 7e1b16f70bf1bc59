"""Files equal, line by line, those written by hand; what is written is read again; what is malformed names its line."""

from __future__ import annotations

import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.errors import SimulationError
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.testing.golden import GivenSpikes
from snn_backend_megasim import modules
from snn_backend_megasim.backend import MegaSim
from snn_backend_megasim.engine.loading import load
from snn_backend_megasim.files import events, parameters, schematic, state
from snn_backend_megasim.simulator import MegaSimSimulator

NEURON = """\
Xmin 0
Ymin 0
THplus {threshold}
THplusInfo 1
THminus -2147483646
THminusInfo 0
Reset_to_reminder {subtract}
MembReset 0
TLplus 0
TLminus 0
Tmin 0
T_Refract {pause}
"""
PORTS = """\
.integers
n_in_ports {ports}
n_out_ports 1
delay_to_process 0
delay_to_ack 0
fifo_depth 0
n_repeat 1
delay_to_repeat 15
"""
STATE = ".integers\ntime_busy_initial 0\n.floats\n"
RESET_KERNEL = "Nx_kernel 1\nNy_kernel 1\nDx 0\nDy 0\n0\n"


def neuron(threshold, subtract=1, pause=1):
    return NEURON.format(threshold=threshold, subtract=subtract, pause=pause)


def files(tmp_path, network, spikes, scaling_factor):
    """Return the text of the files of a network that is given ``spikes``, (steps, batch, *shape)."""
    from snn.simulating import Setup

    array = np.array(spikes, np.float32)
    stimulus = GivenSpikes(array.mean(axis=0), np.arange(array.shape[1]), Clock(len(array)), array)
    setup = Setup(clock=stimulus.clock, folder=tmp_path, kind="spikes")
    with MegaSim(scaling_factor=scaling_factor).build(network, setup) as simulator:
        assert isinstance(simulator, MegaSimSimulator)
        output = simulator.run(stimulus).output
    return {path.name: path.read_text() for path in (tmp_path / "megasim").iterdir()}, output


def test_two_neurons_of_a_dense_layer(tmp_path):
    # 1 + 0 and -1 + 0.125 in the first step; 0.5 and 0.25 + 0.125 in the second: only the first neuron fires, once
    dense = op.Dense(
        name="dense", inputs=("input",), weight=np.array([[1, 0.5], [-1, 0.25]]), bias=np.array([0, 0.125])
    )
    fire = IntegrateFire(name="out", inputs=("dense",))
    network = Network((op.Input(name="input", shape=(2,)), dense, fire), stage="spiking")
    found, output = files(tmp_path, network, [[[1, 0]], [[0, 1]]], 1000)
    assert output[:, 0].tolist() == [[1, 0], [1, 0]]
    assert found.pop("megasim.sch") == (
        ".netlist\n"
        "source {InputLayer} InputLayer.stim\n"
        "source {bias_clk} bias_clk.stim\n"
        "source {reset_event} reset_event.stim\n"
        "\n"
        "module_fully_connected_NPP {InputLayer,bias_clk,reset_event}{out} out.prm out.stt\n"
        "\n"
        ".options\n"
        "Tmax=2147483646\n"
    )
    assert found.pop("out.prm") == (
        PORTS.format(ports=3)
        + "population_size 2\nNy_array 1\n"
        + neuron(1000)
        + "Nx_array_pre 2\nNy_array_pre 1\n1000 -1000\n500 250\n"
        + "Nx_array_pre 1\nNy_array_pre 1\n0 125\n"
        + "Nx_array_pre 1\nNy_array_pre 1\n0 0\n"
        + "crop_xmin 0\ncrop_xmax 2\ncrop_ymin 0\ncrop_ymax 2\nxshift_pre 0\nyshift_pre 0\nx_subsmp 1\ny_subsmp 1\n"
        + "xshift_pos 0\nyshift_pos 0\nrectify 0\n.floats\n"
    )
    assert found.pop("out.stt") == STATE
    assert found.pop("InputLayer.stim") == "0 -1 -1 0 0 1\n1 -1 -1 1 0 1\n"
    assert found.pop("bias_clk.stim") == "0 -1 -1 0 0 1\n1 -1 -1 0 0 1\n"
    assert found.pop("reset_event.stim") == "2 -1 -1 0 -2 -2\n"
    assert found.pop("node_out.evs") == "0 -1 -1 0 0 1\n"
    assert found == {}


def image_network(*layers):
    return Network((op.Input(name="input", shape=(1, 4, 4)), *layers), stage="spiking")


def one_spike(x, y):
    spikes = np.zeros((1, 1, 1, 4, 4))
    spikes[0, 0, 0, y, x] = 1
    return spikes


def conv(padding):
    weight = np.arange(1, 10).reshape(1, 1, 3, 3)
    plain = {"stride": (1, 1), "dilation": (1, 1), "padding": (padding, padding)}
    layer = op.Conv(name="conv", inputs=("input",), weight=weight, bias=np.full(1, -1.0), **plain)
    return image_network(layer, IntegrateFire(name="fire", inputs=("conv",), threshold=5.0, reset="zero"))


def convolution(crop, shift, bias):
    return (
        PORTS.format(ports=3)
        + "Nx_array 4\nNy_array 4\n"
        + neuron(50, subtract=0)
        # 9 8 7 / 6 5 4 / 3 2 1 is laid around an event; rows are written from the largest y down
        + "Nx_kernel 3\nNy_kernel 3\nDx -1\nDy -1\n30 20 10\n60 50 40\n90 80 70\n"
        + "Nx_kernel 4\nNy_kernel 4\nDx 0\nDy 0\n"
        + 4 * bias
        + RESET_KERNEL
        + "crop_xmin {0}\ncrop_xmax {1}\ncrop_ymin {0}\ncrop_ymax {1}\n".format(*crop)
        + f"xshift_pre {shift}\nyshift_pre {shift}\nx_subsmp 1\ny_subsmp 1\nxshift_pos 0\nyshift_pos 0\nrectify 0\n"
        + ".floats\n"
    )


def test_a_valid_convolution(tmp_path):
    # a spike at x = 1, y = 2 is in all four windows: at (x, y) of them are weights 8, 7 above and 5, 4 below, less 1;
    # of 7, 6, 4 and 3, two reach 5
    found, output = files(tmp_path, conv((0, 0)), one_spike(1, 2), 10)
    assert found["megasim.sch"].split("\n")[5:6] == [
        "module_conv_NPP {InputLayer,bias_clk,reset_event}{fire_0} fire_0.prm fire.stt"
    ]
    assert found["fire_0.prm"] == convolution((1, 2), -1, "-10 -10 -10 -10\n")
    assert found["fire.stt"] == STATE
    assert sorted(found["node_fire_0.evs"].splitlines()) == ["0 -1 -1 0 0 1", "0 -1 -1 1 0 1"]
    assert output[0, 0].tolist() == [1, 1, 0, 0]


def test_a_same_convolution(tmp_path):
    # a spike in the corner meets 5 and 4 above, 2 and 1 below, less 1: none reaches 5
    found, output = files(tmp_path, conv((1, 1)), one_spike(0, 0), 10)
    assert found["fire_0.prm"] == convolution((0, 3), 0, "-10 -10 -10 -10\n")
    assert not output.any()
    assert found["node_fire_0.evs"] == ""


def test_an_average_pool(tmp_path):
    pool = op.AvgPool(name="pool", inputs=("input",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
    fire = IntegrateFire(name="pool/neurons", inputs=("pool",), initial=np.float32(0.75))
    # three quarters at the start, and one spike at x = 3, y = 1: the neuron at x = 1, y = 0 fires
    found, output = files(tmp_path, image_network(pool, fire), one_spike(3, 1), 1000)
    assert found["megasim.sch"].split("\n")[4:8] == [
        "",
        "module_conv_NPP {InputLayer,reset_event}{pool_0} pool_0.prm pool.stt",
        "",
        "module_conv_NPP {pool_0,start,reset_event}{pool_neurons_0} pool_neurons_0.prm pool_neurons.stt",
    ]
    assert found["pool_0.prm"] == (
        PORTS.format(ports=2)
        + "Nx_array 4\nNy_array 4\n"
        + neuron(1000, subtract=0, pause=0)
        + "Nx_kernel 1\nNy_kernel 1\nDx 0\nDy 0\n1000\n"
        + RESET_KERNEL
        + "crop_xmin 0\ncrop_xmax 3\ncrop_ymin 0\ncrop_ymax 3\nxshift_pre 0\nyshift_pre 0\nx_subsmp 2\ny_subsmp 2\n"
        + "xshift_pos 0\nyshift_pos 0\nrectify 0\n.floats\n"
    )
    assert found["pool_neurons_0.prm"] == (
        PORTS.format(ports=3)
        + "Nx_array 2\nNy_array 2\n"
        + neuron(4000)
        + "Nx_kernel 1\nNy_kernel 1\nDx 0\nDy 0\n1000\n"
        + "Nx_kernel 2\nNy_kernel 2\nDx 0\nDy 0\n3000 3000\n3000 3000\n"
        + RESET_KERNEL
        + "crop_xmin 0\ncrop_xmax 1\ncrop_ymin 0\ncrop_ymax 1\nxshift_pre 0\nyshift_pre 0\nx_subsmp 1\ny_subsmp 1\n"
        + "xshift_pos 0\nyshift_pos 0\nrectify 0\n.floats\n"
    )
    assert found["start.stim"] == "0 -1 -1 0 0 1\n"
    assert found["node_pool_0.evs"] == "0 -1 -1 1 0 1\n"
    assert output[0, 0].tolist() == [0, 1, 0, 0]


def test_a_batch_is_one_run_with_a_reset_between(tmp_path):
    fire = IntegrateFire(name="out", inputs=("input",))
    network = Network((op.Input(name="input", shape=(1,)), fire), stage="spiking")
    found, output = files(tmp_path, network, [[[1], [0]], [[1], [1]]], 1000)
    assert found["InputLayer.stim"] == "0 -1 -1 0 0 1\n1 -1 -1 0 0 1\n4 -1 -1 0 0 1\n"
    assert found["reset_event.stim"] == "2 -1 -1 0 -2 -2\n5 -1 -1 0 -2 -2\n"
    assert output[-1].tolist() == [[2], [1]]


SCHEMATIC = schematic.Schematic(
    (schematic.Source("a", "a.stim"),), (schematic.Instance("module_flatten", ("a", "a"), "b", "b.prm", "b.stt"),), 9
)


def test_a_schematic_is_read_again():
    assert schematic.parsed(schematic.written(SCHEMATIC)) == SCHEMATIC


def test_the_ancestors_schematic_is_read():
    content = (
        b".netlist\nsource {I} I.stim\n\nsource  {r} r.stim\nmodule_conv {I,r}{C_0} C_0.prm C.stt\n\n.options\nTmax=7\n"
    )
    assert schematic.parsed(content).instances[0].inputs == ("I", "r")


@pytest.mark.parametrize("kind", sorted(parameters.FORMS))
def test_parameters_are_read_again(kind):
    rule = modules.Rule(100, True, 1, 2)
    made = {
        "module_conv": modules.convolution(np.arange(12).reshape(2, 2, 3), (0, 1), (5, 6), (4, 6), rule, -3),
        "module_fully_connected": modules.dense([np.arange(6).reshape(2, 3)], rule, None, None),
        "module_softmax": modules.dense([np.arange(6).reshape(2, 3)], rule, np.arange(3), None, softmax=True),
        "module_flatten": modules.flattening(3, (2, 4), 1),
        "module_max_pool": modules.max_pool((4, 6), (2, 3), (1, 2), (0, 1), (3, 3), 1),
    }[kind]
    found = parameters.parsed(parameters.written(made), "x.prm", kind)
    assert (found.header, found.output) == (made.header, made.output)
    for ours, theirs in zip(found.ports, made.ports, strict=True):
        assert ours.fields == theirs.fields
        np.testing.assert_array_equal(ours.kernel, theirs.kernel)


def test_events_are_read_again():
    rows = np.array([[0, -1, -1, 5, 2, 1], [7, -1, -1, 0, -2, -2], [2147483646, -1, -1, 0, 0, -1]])
    np.testing.assert_array_equal(events.parsed(events.written(rows), "x.stim"), rows)
    assert len(events.parsed(b"", "x.stim")) == 0


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("0 -1 -1 0 0\n", 1),
        ("0 -1 -1 0 0 1 1\n", 1),
        ("0 -1 -1 0 0 1\n0 -1 -1 x 0 1\n", 2),
        ("5 -1 -1 0 0 1\n4 -1 -1 0 0 1\n", 2),
        ("-1 -1 -1 0 0 1\n", 1),
        ("0 -1 -1 2147483648 0 1\n", 1),
        ("0 -1 -1 99999999999999999999 0 1\n", 1),
        ("\n0 -1 -1 0 0 1\n", 1),
    ],
)
def test_events_that_are_malformed_name_their_line(content, line):
    with pytest.raises(SimulationError, match=rf"^x\.stim, line {line}: "):
        events.parsed(content.encode(), "x.stim")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("THplus 100", "THplus x", 13),
        ("THplus 100", "THminus 100", 13),
        ("n_in_ports 2", "n_in_ports 3", 34),
        ("Nx_kernel 2", "Nx_kernel 3", 27),
        ("Nx_kernel 2", "Nx_kernel -1", 26),
        (".floats", ".floats\n1", 46),
        (".integers\n", "", 1),
        ("Ny_kernel 2", "Ny_kernel 99999", 27),
    ],
)
def test_parameters_that_are_malformed_name_their_line(old, new, line):
    made = modules.convolution(np.arange(4).reshape(1, 2, 2), (0, 0), (4, 4), (3, 3), modules.Rule(100, True, 1, 0))
    content = parameters.written(made).decode()
    assert old in content
    with pytest.raises(SimulationError, match=rf"^x\.prm, line {line}: "):
        parameters.parsed(content.replace(old, new, 1).encode(), "x.prm", "module_conv")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("source {a} a.stim\n", 1),
        (".netlist\nsource {a} a.stim\nsource {a} b.stim\n", 3),
        (".netlist\nmodule_conv {a}{b} b.prm b.stt\n", 2),
        (".netlist\nsource {a} ../a.stim\n", 2),
        (".netlist\n.options\nTmax=-1\n", 3),
        (".netlist\n", 2),
        (".wrong\n", 1),
    ],
)
def test_a_schematic_that_is_malformed_names_its_line(content, line):
    with pytest.raises(SimulationError, match=rf"^megasim\.sch, line {line}: "):
        schematic.parsed(content.encode())


def test_a_state_that_is_busy_names_its_line():
    state.check(STATE.encode(), "x.stt")
    with pytest.raises(SimulationError, match=r"^x\.stt, line 2: should be time_busy_initial 0"):
        state.check(STATE.replace("0", "5").encode(), "x.stt")


def test_what_the_engine_does_not_know_is_refused(tmp_path):
    files(tmp_path, conv((0, 0)), one_spike(1, 2), 10)
    folder = tmp_path / "megasim"
    path = folder / "fire_0.prm"
    for old, new in (("TLplus 0", "TLplus 3"), ("n_repeat 1", "n_repeat 2"), ("fifo_depth 0", "fifo_depth 4")):
        kept = path.read_text()
        path.write_text(kept.replace(old, new))
        with pytest.raises(SimulationError, match=f"fire_0.prm: the engine does not know {new}, only"):
            load(folder)
        path.write_text(kept)
    (folder / "fire_0.prm").unlink()
    with pytest.raises(SimulationError, match=r"fire_0\.prm cannot be read: No such file"):
        load(folder)
