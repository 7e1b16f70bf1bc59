"""Spike trains are read from dense arrays and from lists, and enter as they are in the file."""

from __future__ import annotations

import numpy as np
import pytest
from snn import checking, npz
from snn.clock import Clock
from snn.encoding import EventSpikes
from snn.errors import DataError
from snn.readers.spikes import Spikes

TRAINS = (np.random.default_rng(0).random((3, 10, 2, 3)) < 0.3) * np.array([1.0, 0.5, -2.0])


def lists(trains=TRAINS):
    sample, step, *place = np.nonzero(trains)
    return {
        "shape": np.array(trains.shape[1:]),
        "first": np.searchsorted(sample, np.arange(len(trains) + 1)),
        "step": step.astype(np.uint16),
        "neuron": np.ravel_multi_index(place, trains.shape[2:]).astype(np.int32),
        "height": trains[np.nonzero(trains)].astype(np.float32),
    }


def saved(folder, **arrays):
    np.savez(folder / "d.spikes.npz", **arrays)
    return folder / "d.spikes.npz"


@pytest.mark.parametrize("held", [2**26, 0])
@pytest.mark.parametrize("arrays", [{"spikes": TRAINS}, lists()], ids=["dense", "lists"])
@pytest.mark.parametrize("dt_ms", [1.0, 0.25])
def test_trains_enter_step_by_step_as_they_are_in_the_file(tmp_path, monkeypatch, held, arrays, dt_ms):
    monkeypatch.setattr(npz, "HELD", held)
    data = Spikes().read(saved(tmp_path, **arrays, dt_ms=dt_ms, y=[4, 5, 6]))
    assert (len(data), data.shape, data.timed, data.labels.tolist()) == (3, (2, 3), True, [4, 5, 6])
    np.testing.assert_allclose(data.samples, TRAINS.sum(axis=1) / (10 * dt_ms), rtol=1e-6)
    samples = data.samples.astype(np.float32)
    stimulus = EventSpikes(samples, data.numbers, Clock(10 * dt_ms, dt_ms), recorded=data.events(0, 3))
    np.testing.assert_allclose(stimulus.steps(0, 10), np.moveaxis(TRAINS, 0, 1), rtol=1e-6)


def test_trains_of_whole_numbers_are_counts_of_spikes(tmp_path):
    counts = np.array([[[0, 3], [1, 0]]], np.uint8)
    assert Spikes().read(saved(tmp_path, spikes=counts)).samples.tolist() == [[0.5, 1.5]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spikes": np.zeros((3, 10))}, r"spikes have shape \(3, 10\); needed"),
        ({"spikes": np.zeros((3, 0, 2))}, "needed"),
        ({"spikes": np.array([[["a"]]])}, "needed: numbers"),
        ({"spikes": TRAINS, "dt_ms": 0.0}, "dt_ms is 0.0"),
        ({"spikes": TRAINS, "dt_ms": np.nan}, "dt_ms is nan"),
        ({"spikes": TRAINS, "dt_ms": np.zeros(2)}, "cannot be read"),
        ({"x": TRAINS}, "no array 'shape'"),
        ({**lists(), "shape": np.array([10])}, "shape is not"),
        ({**lists(), "shape": np.array([10, 0])}, "shape is not"),
        ({**lists(), "shape": np.array([10, 2**30])}, "neurons are not read"),
        ({**lists(), "first": np.array([0, 5])}, "do not go together"),
        ({**lists(), "first": np.array([])}, "do not go together"),
        ({**lists(), "first": lists()["first"][::-1]}, "do not go together"),
        ({**lists(), "step": np.zeros(3, int)}, "do not go together"),
        ({**lists(), "step": lists()["step"] * 10}, r"sample \d has a step outside 0 to 9"),
        ({**lists(), "neuron": lists()["neuron"] - 1}, r"sample \d has a neuron outside 0 to 5"),
        ({**lists(), "neuron": lists()["neuron"] + 0.5}, r"sample \d has a neuron outside"),
        ({**lists(), "height": lists()["height"] * np.inf}, "not finite"),
    ],
)
def test_arrays_that_do_not_go_together_are_told(tmp_path, change, told):
    with pytest.raises(DataError, match=told) as caught:
        checking.check(Spikes().read(saved(tmp_path, **change)))
    assert "d.spikes.npz" in str(caught.value)
    assert caught.value.hint
