"""What the plugin offers, how lightly, what it refuses by name, and what it tells of rounding."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings

import numpy as np
import pytest
import snn_backend_megasim
from megasim_networks import branches, given, images, recorded
from snn import layers as op
from snn.clock import Clock
from snn.errors import ConversionWarning, SettingsError, UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, BitPattern, IntegrateFire, SoftmaxFire
from snn.plugins import Plugins
from snn_backend_megasim.backend import MegaSim
from snn_backend_megasim.integers import fraction
from snn_backend_megasim.names import labels


def single(weight=1.0, **fields):
    dense = op.Dense(name="dense", inputs=("input",), weight=np.full((1, 1), weight), bias=np.zeros(1))
    return Network(
        (op.Input(name="input", shape=(1,)), dense, IntegrateFire(name="out", inputs=("dense",), **fields)),
        stage="spiking",
    )


def refusal(network, backend=None):
    (problem,) = (backend or MegaSim()).inspect(network)
    assert problem.hint
    return f"{problem.layer}: {problem.message}"


def test_the_plugin_offers_the_backend():
    assert snn_backend_megasim.snn_backends() == [MegaSim]
    assert Plugins().component("backend", "megasim") is MegaSim


def test_inspecting_and_fitting_imports_no_numba():
    code = (
        "import sys, snn_backend_megasim; from snn.testing import golden;"
        "made = snn_backend_megasim.snn_backends()[0]();"
        "made.fit(golden.image(), None); assert not made.inspect(golden.image());"
        "sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_neurons_that_megasim_does_not_have_are_refused_by_name():
    assert refusal(single(reset="modulo")).startswith("out: its neurons are reset by modulo")
    assert refusal(single(leak=0.1)).startswith("out: its neurons leak")
    assert refusal(single(refractory_ms=2.0)).startswith("out: its neurons lose what comes in 2 ms behind a spike")
    assert MegaSim().inspect(single(refractory_ms=1.0)) == ()
    bits = Network((op.Input(name="input", shape=(1,)), BitPattern(name="out", inputs=("input",))), stage="spiking")
    assert "out" in {problem.layer for problem in MegaSim().inspect(bits)}


def test_numbers_that_32_bits_do_not_hold_are_refused_by_name():
    assert refusal(single(40_000.0)).startswith("out: its weight 4e+04 is over 32 bits, in 65,536ths")
    assert refusal(single(threshold=40_000.0)).startswith("out: its threshold 4e+04 is not in 32 bits")
    assert refusal(single(threshold=1e-6)).startswith("out: its threshold 1e-06 is not in 32 bits")


def test_potentials_that_could_leave_32_bits_are_refused_by_name():
    # 200 steps, the usual time, of 300 in 65,536ths: 3,932,160,000
    told = "out: its potentials could come to 3,932,160,000 in 200 steps, from 19,660,800 a step"
    assert refusal(single(300.0)).startswith(told)
    assert MegaSim(scaling_factor=1024).inspect(single(300.0)) == ()


def test_kernels_that_no_memory_holds_are_refused_before_they_are_made():
    weight = np.zeros((64, 64, 3, 3), np.float32)
    plain = {"stride": (2, 2), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
    conv = op.Conv(name="conv", inputs=("input",), weight=weight, bias=np.zeros(64), **plain)
    entry = op.Input(name="input", shape=(64, 128, 128))
    network = Network((entry, conv, IntegrateFire(name="fire", inputs=("conv",))), stage="spiking")
    assert refusal(network).startswith("fire: MegaSim's kernels would take 274,877,906,944 integers for it")


def test_a_max_pool_of_sums_and_one_behind_unrolled_layers_are_refused_by_name():
    pool = op.MaxPool(name="pool", inputs=("mean",), size=(2,), stride=(2,), padding=((0, 0),))
    mean = op.AvgPool(name="mean", inputs=("fire",), size=(1,), stride=(1,), padding=((0, 0),))
    entry = (op.Input(name="input", shape=(2, 4)), IntegrateFire(name="fire", inputs=("input",)))
    out = IntegrateFire(name="out", inputs=("pool",))
    network = Network((*entry, mean, pool, out), stage="spiking")
    assert refusal(network) == "pool: backend 'megasim' takes the largest of spikes, not of sums of them"
    wide = op.Upsample(name="wide", inputs=("fire",), factors=(2,))
    again = IntegrateFire(name="again", inputs=("wide",))
    network = Network((*entry, wide, again, dataclasses.replace(pool, inputs=("again",)), out), stage="spiking")
    assert refusal(network) == "pool: the maps it reads are in one row, since the layer 'again' is unrolled"


def test_neurons_that_are_not_at_the_end_where_they_must_be_are_refused_by_name():
    inner = Accumulate(name="inner", inputs=("input",))
    out = IntegrateFire(name="out", inputs=("inner",))
    network = Network((op.Input(name="input", shape=(1,)), inner, out), stage="spiking")
    assert "inner" in {problem.layer for problem in MegaSim().inspect(network)}
    softmax = dataclasses.replace(SoftmaxFire(name="inner", inputs=("input",)))
    network = Network((op.Input(name="input", shape=(1,)), softmax, out), stage="spiking")
    assert refusal_of(network, "inner") == "MegaSim's softmax is at the end of a network, behind a dense layer"


def refusal_of(network, layer):
    return {problem.layer: problem.message for problem in MegaSim().inspect(network)}[layer]


def test_what_rounding_changes_is_told_with_its_size():
    # 0.3 is 307.2 in 1024ths: 0.2 of them are lost, of 307.2
    with pytest.warns(ConversionWarning, match=r"1,024 for 1: .* layer 'dense' 0\.065 % \(largest 0\.0002\)"):
        fitted = MegaSim(scaling_factor=1024).fit(single(0.3), None)
    assert fitted["dense"].weight == np.float32(307 / 1024)
    assert "rounded to whole numbers of 1/1024" in fitted.provenance[-1]


def test_a_network_of_whole_numbers_is_left_as_it_is():
    network = images(0)
    assert MegaSim().fit(network, None) is network


def test_a_network_that_was_not_fitted_is_told_of_when_it_is_built():
    network = single(0.3)
    with pytest.warns(ConversionWarning, match=r"layer 'out' 0\.015 %"):
        recorded(network, given(network, 1, 4, 0), MegaSim(scaling_factor=1024))


def test_a_fitted_network_is_built_without_a_word():
    network = single(0.3)
    with pytest.warns(ConversionWarning):
        fitted = MegaSim().fit(network, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorded(fitted, given(network, 1, 4, 0))


def test_a_clock_for_which_potentials_have_no_room_is_refused_when_it_is_built():
    network = dataclasses.replace(single(100.0), clock=Clock(10))
    assert MegaSim().inspect(network) == ()
    with pytest.raises(UnsupportedLayer, match="layer 'out': its potentials could come to"):
        recorded(network, given(network, 1, 400, 0))


def test_settings_out_of_bounds_are_refused():
    for settings in ({"scaling_factor": 0}, {"delay_ticks": -1}, {"patience_s": 0.0}, {"scaling_factor": 2**31}):
        with pytest.raises(SettingsError):
            MegaSim(**settings)


def test_labels_of_any_names_differ_in_any_case_and_from_those_of_control():
    wishes = [("a", "Conv/1", 2), ("b", "conv_1", 2), ("c", "conv_1_0", 0), ("d", "reset_event", 0), ("e", "ü" * 99, 1)]
    found = labels(wishes)
    assert found == {"a": "Conv_1", "b": "conv_1_v2", "c": "conv_1_0_v2", "d": "reset_event_v2", "e": "_" * 80}


def test_heights_of_spikes_are_fractions():
    assert str(fraction(np.float32(10 / 3))) == "10/3"
    assert fraction(np.float32(0.123456)) is None


def test_a_plan_has_whole_modules_for_convolutions_and_pools():
    plan = MegaSim().plan(images(0), Clock(8))
    assert {name: cells.reads for name, cells in plan.cells.items()} == {
        "fire/1": "convolution", "fire/2": "convolution", "mean/fire": "pool", "fire/3": "dense", "out": "dense",
    }  # fmt: skip
    assert [cells.reads for cells in MegaSim().plan(branches(0), Clock(8)).cells.values()][::2] == ["unrolled"] * 2
