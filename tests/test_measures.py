"""What runs tell of layers and of single samples, across packages."""

import dataclasses

import numpy as np
import pytest
import snn
from snn import run_file, runs
from snn.encoding import ConstantCurrent
from snn.neurons import Neuron
from snn.plugins import Plugins
from snn.reporting import Needs, Reporter
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim


def test_correlations_are_the_ancestors(golden, ancestors):
    """Its coefficient, by NumPy, of its own counts and activations on the golden network, against our run of it."""
    layers = snn.simulate(ancestors, golden, duration_ms=100, count=100).layers
    with np.load(golden / "golden_tmr_T100_first100.npz") as kept:
        names = sorted({key.split("/")[0] for key in kept.files if "/" in key})
        for layer, name in zip(layers, names, strict=True):
            found = []
            rates = kept[f"{name}/spike_count"].reshape(100, -1) / 100
            for a, r in zip(kept[f"{name}/ann_activation"].reshape(100, -1).astype(float), rates, strict=True):
                use = ((a != 0) | (r != 0)) & ((a < 1) | (layer is layers[-1]))
                if use.sum() > 1:
                    found.append(np.corrcoef(a[use], r[use])[0, 1])
            assert layer.correlation == pytest.approx(np.mean(found), abs=1e-5), name


def test_first_layer_given_a_current_is_clipped_and_quantised_and_nothing_else(example, converted):
    first, *others = snn.simulate(converted, example / "test.npz", count=50).layers
    budget = first.budget
    assert budget["quantisation"].mean_absolute > 1e-4
    assert budget["inherited"].mean_absolute < 1e-6
    assert budget["unevenness"].mean_absolute < 1e-6
    assert others[-1].budget["inherited"].share == pytest.approx(others[-1].deviation.mean_absolute, rel=1e-3)
    for layer in (first, *others):
        assert sum(part.mean for part in layer.budget.values()) == pytest.approx(layer.deviation.mean, abs=1e-9)
        shares = sum(part.share for part in layer.budget.values())
        assert shares == pytest.approx(layer.deviation.mean_absolute, abs=1e-9)


@pytest.mark.parametrize("code", ["few_spike", "pattern", "ttfs_exact"])
def test_windowed_codes_are_never_uneven(example, code):
    network = snn.convert(example / "mnist.keras", calibrate=example / "calibration.npz", code=code)
    for layer in snn.simulate(network, example / "test.npz", count=20).layers:
        assert layer.budget["unevenness"].mean_absolute < 1e-6, layer.name


def test_what_a_layer_gives_is_not_compared_where_spikes_do_not_tell_it(example, converted):
    settings = {"backend": {"inisim": {"online_normalisation": True}}}
    for layer in snn.simulate(converted, example / "test.npz", count=5, settings=settings).layers[:-1]:
        assert layer.spikes > 0
        assert (layer.correlation, layer.budget) == (None, None)
        assert "online normalisation" in layer.unsplit


def test_python_tells_of_a_result_and_of_a_finished_run(example, converted, tmp_path, capsys):
    result = snn.simulate(converted, example / "test.npz", count=10, duration_ms=4, out=tmp_path / "run")
    loaded = snn.load_result(tmp_path / "run")
    np.testing.assert_array_equal(loaded.spiking, result.spiking)
    assert loaded.layers[0].budget == result.layers[0].budget
    snn.report(result)
    told = capsys.readouterr().out
    snn.report(tmp_path / "run", "console", "files")
    assert capsys.readouterr().out.startswith(told)
    assert (tmp_path / "run/result.json").exists()
    snn.report(result, "files", out=tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere/result.json").exists()


def test_a_shown_sample_does_what_it_did_in_the_run(example, converted):
    @dataclasses.dataclass(frozen=True)
    class Shows(Reporter):
        name = "shows"
        needs = Needs(sample=True, potentials=True)

        def report(self, result, folder):
            raise NotImplementedError

    plugins = Plugins()
    run = run_file.build({"report": {"sample": 7}, "data": {"count": 10}}, plugins)
    run = dataclasses.replace(run, reporters=(Shows(),))
    network = snn.load(converted)
    result = runs.simulate(run, network, snn.read(example / "test.npz"), plugins)
    shown = result.shown
    assert result.command == ""  # nothing is kept that could be run again
    assert shown.number == 7
    neurons = [layer.name for layer in network.layers if isinstance(layer, Neuron)]
    assert [layer.name for layer in shown.layers] == neurons
    with np.load(example / "test.npz") as data:
        images = np.ascontiguousarray(data["x"][:10], np.float32).reshape(10, *network.shapes[network.input.name])
    np.testing.assert_array_equal(shown.sample, images[7])
    record = Record(counts=frozenset(neurons[:-1]))
    with IniSim().build(network, Setup(clock=result.clock, record=record)) as simulator:
        recording = simulator.run(ConstantCurrent(images, np.arange(10), result.clock))
    for layer in shown.layers[:-1]:
        counts = np.bincount(layer.spikes.neuron, minlength=layer.value.size).reshape(layer.value.shape)
        np.testing.assert_array_equal(counts, recording.counts[layer.name][7])
        np.testing.assert_allclose(layer.value, counts / (result.steps * result.clock.dt_ms), rtol=1e-6)
        assert layer.potentials.shape == (result.steps, *layer.value.shape)
    final = recording.output[-1, 7].reshape(shown.layers[-1].value.shape)
    np.testing.assert_allclose(shown.layers[-1].potentials[-1], final, rtol=1e-4)
