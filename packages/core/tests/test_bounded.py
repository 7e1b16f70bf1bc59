"""Nothing on the way from samples to a result asks for all samples at once."""

from __future__ import annotations

import numpy as np
import pytest
import snn
from snn import layers as op
from snn.dataset import Dataset
from snn.network import Network
from snn.sources import EventSource, InputEvents, Source

MOST = 300  # samples at once: of a check, a batch of the analog network or of the simulator
COUNT = 700


class Large(Source):
    """Samples, none of which is kept."""

    shape = (1, 4, 5)

    def __init__(self):
        self.seen = np.zeros(COUNT, int)

    def __len__(self):
        return COUNT

    def read(self, rows):
        assert len(rows) <= MOST, f"{len(rows)} samples at once"
        self.seen[rows] += 1
        return np.stack([np.random.default_rng(int(row)).random(self.shape, np.float32) for row in rows])


class LargeEvents(EventSource):
    shape = Large.shape

    def __len__(self):
        return COUNT

    def events(self, rows):
        assert len(rows) <= MOST, f"{len(rows)} samples at once"
        return tuple(InputEvents(np.arange(20), np.arange(20), np.full(20, 0.5), 20) for _ in rows)


def network():
    weight = np.random.default_rng(0).standard_normal((2, 8, 20)).astype(np.float32)
    return Network(
        (
            op.Input(name="in", shape=Large.shape),
            op.Flatten(name="flat", inputs=("in",)),
            op.Dense(name="hidden", inputs=("flat",), weight=weight[0], bias=np.zeros(8, np.float32)),
            op.Activation(name="relu", inputs=("hidden",), function="relu"),
            op.Dense(name="out", inputs=("relu",), weight=weight[1, :3, :8], bias=np.zeros(3, np.float32)),
        )
    )


def data(source=None):
    return Dataset(source or Large(), np.arange(COUNT) % 3, "large")


@pytest.mark.parametrize("steps", [["percentile"], ["weight_bound"]])
def test_normalising_takes_batches(steps):
    large = Large()
    snn.convert(network(), calibrate=data(large), settings={"normalise": {"steps": steps}})
    assert large.seen.min() >= 1, "every sample is taken account of"


def test_calibrating_a_duration_takes_batches():
    snn.convert(network(), calibrate=data(), code="ttfs")


@pytest.mark.parametrize("entry", ["current", "poisson", "regular"])
def test_simulating_takes_batches(entry):
    spiking = snn.convert(network(), calibrate=data().first(100))
    settings = {"simulate": {"input": entry}, "measure": {"layers": True}}
    result = snn.simulate(spiking, data(), duration_ms=4, settings=settings)
    assert result.samples == COUNT


@pytest.mark.parametrize("step_us", [None, 0.5])
@pytest.mark.filterwarnings("ignore:.*of the events come after the 4 steps")
def test_simulating_events_takes_batches(step_us):
    spiking = snn.convert(network(), calibrate=data().first(100))
    settings = {"simulate": {"input": "events", **({} if step_us is None else {"event_step_us": step_us})}}
    assert snn.simulate(spiking, data(LargeEvents()), duration_ms=4, settings=settings).samples == COUNT


def test_evaluating_takes_batches():
    assert len(snn.evaluate(network(), data())) == COUNT


def test_samples_are_read_four_times_in_a_simulation():
    """Looked at, tested for saturation, simulated, and classified by the analog network."""
    spiking, large = snn.convert(network(), calibrate=data().first(100)), Large()
    snn.simulate(spiking, data(large), duration_ms=4, settings={"simulate": {"input": "poisson"}})
    assert set(large.seen.tolist()) == {4}
