"""What neurons get besides spikes, sample by sample and step by step."""

from __future__ import annotations

import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.currents import check, per_sample, per_step, reached
from snn.encoding import ConstantCurrent, RegularSpikes
from snn.errors import SimulationError
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire


def network():
    """Return y = 2 x + 0.5 before the first neurons, and z = 0.25 behind them, all per millisecond."""
    return Network(
        (
            op.Input(name="input", shape=(2,)),
            op.Affine(name="before", inputs=("input",), scale=np.full(2, 2.0), shift=np.full(2, 0.5)),
            IntegrateFire(name="first", inputs=("before",)),
            op.Affine(name="behind", inputs=("first",), scale=np.full(2, 3.0), shift=np.full(2, 0.25)),
            Accumulate(name="out", inputs=("behind",)),
        ),
        stage="spiking",
    )


def test_a_constant_input_and_biases_count_for_each_millisecond():
    found = per_sample(network(), np.array([[1, 0], [0, -1]], np.float32), 0.5)
    assert found["first"].tolist() == [[1.25, 0.25], [0.25, -0.75]]
    assert found["out"].tolist() == [[0.125, 0.125]] * len(found["out"])


def test_spikes_enter_in_their_steps_and_biases_in_all():
    """At 500 Hz a value of 1 is a spike of height 2 in every second step, the first of them in the first."""
    clock = Clock(duration_ms=4)
    samples = np.array([[1, 0], [0, -1]], np.float32)
    found = per_step(network(), RegularSpikes(samples, np.arange(2), clock, rate_hz=500.0))
    spike, none, negative = 2 * 2 + 0.5, 0.5, -2 * 2 + 0.5
    assert found["first"].tolist() == [
        [spike, none], [none, none], [spike, none], [none, none],
        [none, negative], [none, none], [none, negative], [none, none],
    ]  # fmt: skip
    assert found["out"].tolist() == [[0.25, 0.25]]  # a single row: the same in every step of every sample


def test_a_constant_current_is_the_same_step_by_step():
    clock = Clock(duration_ms=3, dt_ms=0.5)
    samples = np.array([[1, 0.25], [0, -1]], np.float32)
    rows = per_step(network(), ConstantCurrent(samples, np.arange(2), clock))["first"]
    assert (rows == np.repeat(per_sample(network(), samples, 0.5)["first"], clock.steps, axis=0)).all()


def test_a_current_that_is_no_finite_number_is_refused_by_the_name_of_its_layer():
    check({"first": np.zeros((1, 2), np.float32)})
    with pytest.raises(SimulationError, match="layer 'second' is given a current that is no finite number"):
        check({"first": np.zeros((1, 2), np.float32), "second": np.array([[0, np.inf]], np.float32)})


def test_a_current_reaches_the_first_neurons_and_no_others():
    assert reached(network()) == {"first"}


def test_a_current_reaches_neurons_past_others():
    past = op.Add(name="sum", inputs=("behind", "before"), factors=np.ones(2, np.float32))
    *layers, _ = network().layers
    assert reached(Network((*layers, past, Accumulate(name="out", inputs=("sum",))), stage="spiking")) == {
        "first",
        "out",
    }
