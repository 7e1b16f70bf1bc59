"""The codes of first spikes place their neurons, and choose how long a sample is shown."""

from __future__ import annotations

import numpy as np
import pytest
from snn import layers as op
from snn import storage
from snn.clock import Clock
from snn.codes.first_spike import depth
from snn.codes.ttfs import Ttfs
from snn.codes.ttfs_corrective import TtfsCorrective
from snn.codes.ttfs_dynamic import TtfsDynamic
from snn.converting import convert
from snn.errors import ConversionError, SettingsError
from snn.neurons import Accumulate, CorrectiveFirstSpike, DynamicFirstSpike, FirstSpike
from snn.plugins import Plugins
from snn.run_file import CONVERTING, build

from . import graphs
from .test_converting import SOFTMAX, small

KINDS = {Ttfs: FirstSpike, TtfsDynamic: DynamicFirstSpike, TtfsCorrective: CorrectiveFirstSpike}


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize("end", [(), (SOFTMAX,)])
def test_outputs_have_a_threshold_of_their_own(code, end):
    spiking = convert(small(*end), code(threshold=1.5, output_threshold=0.25, gated=False), readout="spikes")
    neurons = [layer for layer in spiking.layers if isinstance(layer, FirstSpike)]
    assert [type(layer) for layer in neurons] == [KINDS[code]] * 2
    assert [layer.threshold for layer in neurons] == [1.5, 0.25]
    assert [layer.gated for layer in neurons] == [False] * 2


@pytest.mark.parametrize("code", KINDS)
def test_biases_rise_in_the_time_in_which_neurons_reach_their_threshold(code):
    spiking = convert(small(), code(threshold=1.5, output_threshold=0.25, bias_rise=4.0), readout="spikes")
    assert [layer.bias_rise_ms for layer in spiking.layers if isinstance(layer, FirstSpike)] == [6.0] * 2


@pytest.mark.parametrize(
    ("code", "threshold", "rise"), [(Ttfs, 2.0, 6.0), (TtfsDynamic, 0.5, 0.0), (TtfsCorrective, 2.0, 6.0)]
)
def test_defaults_are_those_that_were_measured(code, threshold, rise):
    spiking = convert(small(), code(), readout="spikes")
    assert spiking["r"].threshold == 1
    assert spiking["r"].gated
    assert spiking["r"].bias_rise_ms == rise
    assert spiking.output.threshold == threshold
    assert isinstance(convert(small(), code()).output, Accumulate)
    if code is TtfsDynamic:
        assert (spiking["r"].strength, spiking["r"].horizon) == (0.5, True)


@pytest.mark.parametrize("code", KINDS)
def test_neurons_after_pools_are_hidden_ones(code):
    spiking = convert(small(), code(), readout="spikes", spiking_pools=True)
    assert spiking["p/neurons"].threshold == 1
    assert type(spiking["p/neurons"]) is KINDS[code]


@pytest.mark.parametrize("code", KINDS)
def test_there_is_no_readout_by_softmax(code):
    with pytest.raises(ConversionError, match=f"code '{code.name}' has no readout by softmax"):
        convert(small(SOFTMAX), code(), readout="softmax")


@pytest.mark.parametrize("code", KINDS)
def test_neurons_survive_the_file(code, tmp_path):
    spiking = convert(small(), code(threshold=0.75), readout="spikes")
    storage.save(spiking, tmp_path / "net.snn")
    loaded = storage.load(tmp_path / "net.snn")
    assert storage.digest(loaded) == storage.digest(spiking)
    assert loaded["r"].threshold == 0.75
    assert loaded.clock == spiking.clock


def test_only_the_dynamic_threshold_prefers_the_readout_by_spikes():
    plugins = Plugins()

    def readout(code, **more):
        run = build({"convert": {"code": code, **more}}, plugins, uses=CONVERTING)
        return run.convert.readout, run.notes

    assert readout("ttfs") == ("potential", ())
    assert readout("ttfs_corrective") == ("potential", ())
    assert readout("ttfs_dynamic") == ("spikes", ("code 'ttfs_dynamic' prefers convert.readout = 'spikes'",))
    assert readout("ttfs_dynamic", readout="potential") == ("potential", ())


@pytest.mark.parametrize(
    ("code", "fields", "told"),
    [
        (Ttfs, {"threshold": 0.0}, "threshold"),
        (TtfsCorrective, {"output_threshold": -1.0}, "output_threshold"),
        (TtfsDynamic, {"strength": -0.5}, "strength"),
    ],
)
def test_settings_out_of_bounds_are_refused(code, fields, told):
    with pytest.raises(SettingsError, match=told):
        code(**fields)


def deep():
    """Return a network whose longest way passes three activations before the output, and whose shortest passes one."""
    layers = [graphs.dense("d", "in", np.eye(2)), graphs.relu("r", "d")]
    layers += [graphs.dense("e", "r", np.eye(2)), graphs.relu("s", "e")]
    layers += [graphs.dense("f", "s", np.eye(2)), graphs.relu("t", "f")]
    layers += [op.Add(name="sum", inputs=("r", "t"), factors=np.ones(2)), graphs.relu("out", "sum")]
    return graphs.chain((2,), *layers, stage="normalised")


def test_depth_is_the_most_layers_of_neurons_on_a_way_to_the_output():
    assert depth(convert(deep(), Ttfs())) == 3
    assert depth(convert(small(SOFTMAX), Ttfs())) == 1


def test_without_calibration_the_duration_grows_with_depth_and_threshold():
    assert convert(deep(), Ttfs()).clock == Clock(9, 0.25)
    assert convert(deep(), TtfsCorrective()).clock == Clock(9, 0.25)
    assert convert(deep(), TtfsDynamic()).clock == Clock(10, 0.25)
    assert convert(deep(), Ttfs(threshold=2.0)).clock == Clock(18, 0.5)


@pytest.mark.parametrize("code", [Ttfs(), TtfsCorrective(), TtfsDynamic(horizon=False)])
def test_one_trial_shows_every_shorter_duration(code):
    asked = []

    def trial(clock):
        asked.append(clock)
        agreement = np.full(clock.steps, 0.9)
        agreement[:6] = [0.1, 0.5, 0.93, 0.9449, 0.945, 0.95]  # best 0.95: 0.945 is good, and first after 5 steps
        return agreement

    assert code.calibrate(Clock(8, 0.5), trial) == Clock(2.5, 0.5)
    assert asked == [Clock(20, 0.5)], "2.5 times what it starts from"


def test_what_is_expected_depends_on_the_duration_so_each_takes_a_trial():
    agreement = {4: 0.2, 6: 0.99, 8: 0.994, 10: 0.995, 12: 0.99, 16: 0.9}  # the best at 10; at 6 just 0.5 points less

    def trial(clock):
        curve = np.ones(clock.steps)  # steps before the last say nothing
        curve[-1] = agreement.pop(clock.duration_ms)
        return curve

    assert TtfsDynamic().calibrate(Clock(8, 0.25), trial) == Clock(6, 0.25)
    assert not agreement, "all were tried"
