"""Codes whose layers fire in windows: what is placed, how long it takes, and what is refused."""

import numpy as np
import pytest
from snn import converting, presenting, run_file, storage, windows
from snn import layers as op
from snn.clock import Clock
from snn.codes.few_spike import FewSpikes
from snn.codes.pattern import Pattern
from snn.codes.rate import Rate
from snn.codes.ttfs_exact import ExactFirstSpike
from snn.errors import ConversionError, NetworkError, SettingsError
from snn.neurons import Accumulate, BitPattern, FewSpike, IntegrateFire, WindowFirstSpike
from snn.plugins import Plugins

from . import graphs

CODES = {
    Pattern: (BitPattern, "bits", 8),
    FewSpikes: (FewSpike, "planes", 6),
    ExactFirstSpike: (WindowFirstSpike, "bins", 32),
}
EACH = pytest.mark.parametrize("code", CODES)


def normalised(*layers, stage="normalised"):
    dense = {f"d{i}": np.eye(2) for i in range(4)}
    return graphs.chain(
        (2,),
        graphs.dense("d0", "in", dense["d0"]),
        graphs.relu("r0", "d0"),
        graphs.dense("d1", "r0", dense["d1"]),
        graphs.relu("r1", "d1"),
        op.Add(name="sum", inputs=("r0", "r1"), factors=np.ones(2)),
        graphs.relu("r2", "sum"),
        graphs.dense("d2", "r2", dense["d2"]),
        *layers,
        stage=stage,
    )


@EACH
def test_neurons_stand_where_activations_were(code):
    kind, field, default = CODES[code]
    spiking = converting.convert(normalised(), code())
    assert [type(spiking[name]) for name in ("r0", "r1", "r2")] == [kind] * 3
    assert type(spiking.output) is Accumulate
    assert (getattr(spiking["r0"], field), spiking["r0"].window, spiking["r0"].scale) == (default, default, 1.0)
    other = converting.convert(normalised(), code(**{field: 3}))
    assert other["r2"].window == 3


@EACH
def test_the_time_is_a_window_for_each_layer_on_the_longest_path(code):
    window = CODES[code][2]
    spiking = converting.convert(normalised(), code())
    assert dict(windows.starts(spiking)) == {"r0": 0, "r1": window, "r2": 2 * window}
    assert spiking.clock == Clock(3 * window, 1)
    assert converting.convert(normalised(), code(), readout="spikes").clock == Clock(4 * window, 1)


@EACH
def test_neurons_after_pools_take_a_window_of_their_own(code):
    pool = op.AvgPool(name="p", inputs=("r",), size=(2,), stride=(2,), padding=((0, 0),))
    network = graphs.chain((1, 4), graphs.relu("r", "in"), pool, stage="normalised")
    network = network.replace([*network.layers, graphs.relu("last", "p")])
    network = network.replace([*network.layers, op.Flatten(name="f", inputs=("last",))])
    assert converting.convert(network, code()).clock.steps == 2 * CODES[code][2]
    assert converting.convert(network, code(), spiking_pools=True).clock.steps == 3 * CODES[code][2]


@EACH
def test_a_network_without_activations_takes_one_step(code):
    network = graphs.chain((2,), graphs.dense("d", "in", np.eye(2)), stage="normalised")
    assert converting.convert(network, code()).clock == Clock(1, 1)


def test_the_rate_code_has_no_windows():
    spiking = converting.convert(normalised(), Rate())
    assert (dict(windows.starts(spiking)), windows.steps(spiking)) == ({}, 0)
    windows.check_clock(spiking, Clock(1, 1))


@EACH
def test_there_is_no_readout_by_softmax(code):
    with pytest.raises(ConversionError, match=f"code '{code.name}' has no readout by softmax"):
        converting.convert(normalised(graphs.softmax("s", "d2")), code(), readout="softmax")


@EACH
@pytest.mark.parametrize("value", [0, 10**5])
def test_a_window_of_no_length_or_of_too_many_steps_is_refused(code, value):
    kind, field, _ = CODES[code]
    with pytest.raises(SettingsError, match=field):
        code(**{field: value})
    with pytest.raises(NetworkError, match=f"layer 'n' .*{field} {value} must be from 1 to"):
        graphs.chain((2,), kind(name="n", inputs=("in",), **{field: value}), stage="spiking")


@EACH
def test_a_scale_of_nothing_is_refused(code):
    with pytest.raises(NetworkError, match=r"layer 'n' .*scale 0\.0 must be above 0"):
        graphs.chain((2,), CODES[code][0](name="n", inputs=("in",), scale=0.0), stage="spiking")


@EACH
def test_a_file_keeps_the_neurons(code, tmp_path):
    kind, field, _ = CODES[code]
    extra = {} if code is Pattern else {"rounding": False}
    spiking = converting.convert(normalised(), code(**{field: 5}, **extra))
    storage.save(spiking, tmp_path / "a.snn")
    kept = storage.load(tmp_path / "a.snn")
    assert storage.digest(kept) == storage.digest(spiking)
    assert (type(kept["r1"]), getattr(kept["r1"], field)) == (kind, 5)
    assert getattr(kept["r1"], "rounding", False) is False


@EACH
def test_scales_from_the_largest_activations_are_preferred_and_told(code):
    plugins = Plugins()
    run = run_file.build({"convert": {"code": code.name}}, plugins)
    assert run.normalisers[0].percentile == 100
    assert run.notes == (f"code '{code.name}' prefers normaliser.percentile.percentile = 100.0",)
    own = {"convert": {"code": code.name}, "normaliser": {"percentile": {"percentile": 99.0}}}
    run = run_file.build(own, plugins)
    assert (run.normalisers[0].percentile, run.notes) == (99, ())


def simulate_settings(**simulate):
    return run_file.build({"simulate": simulate}, Plugins())


@EACH
def test_random_input_is_refused_with_the_layer(code):
    spiking = converting.convert(normalised(), code())
    with pytest.raises(SettingsError, match=r"\[simulate\] input: layer 'r0' \(.*\) takes no poisson") as caught:
        presenting.check_input(simulate_settings(input="poisson"), spiking)
    assert "current" in caught.value.hint
    presenting.check_input(simulate_settings(), spiking)
    presenting.check_input(simulate_settings(input="poisson"), converting.convert(normalised(), Rate()))


@EACH
def test_less_time_than_the_windows_take_is_refused(code):
    spiking, window = converting.convert(normalised(), code()), CODES[code][2]
    with pytest.raises(SettingsError, match=f"take {3 * window} steps, but {window} ms in steps of 1 ms are {window}"):
        presenting.clock_of(simulate_settings(duration_ms=window), spiking)
    with pytest.raises(SettingsError, match="in steps of 2 ms") as caught:
        presenting.clock_of(simulate_settings(dt_ms=2), spiking)
    assert f"at least {6 * window} ms" in caught.value.hint
    assert presenting.clock_of(simulate_settings(dt_ms=0.5), spiking).steps == 6 * window
    assert presenting.clock_of(simulate_settings(duration_ms=1000), spiking) == Clock(1000, 1)


def test_the_branches_of_a_network_may_have_windows_of_different_lengths():
    network = graphs.chain(
        (2,),
        FewSpike(name="a", inputs=("in",), planes=3),
        FewSpike(name="b", inputs=("in",), planes=5),
        op.Add(name="sum", inputs=("a", "b"), factors=np.ones(2)),
        FewSpike(name="c", inputs=("sum",), planes=2),
        stage="spiking",
    )
    assert dict(windows.starts(network)) == {"a": 0, "b": 0, "c": 5}
    assert windows.steps(network) == 7
    assert IntegrateFire(name="n", inputs=("in",)).window == 0
