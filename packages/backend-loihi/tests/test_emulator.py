"""The emulator is Loihi's equations, bit by bit."""

from dataclasses import replace

import numpy as np
import pytest
from loihi_networks import program
from snn_backend_loihi.machine import Machine
from snn_backend_loihi.program import Compartments, Program, Synapses


def rounded_towards_zero(number, over):
    """Return ``number / over`` as hardware has it, in Python's integers, which have no end."""
    return number // over if number >= 0 else -(-number // over)


def loop(given, entry):
    """Return spikes and voltages of one sample, (steps, neurons) by layer, one neuron after the other."""
    state = {name: [[0, int(v), 0] for v in group.initial] for name, group in given.compartments.items()}
    fired = {name: [] for name in state}
    voltages = {name: [] for name in state}
    for now in entry:
        spikes = {"entry": now}
        for name, group in given.compartments.items():
            came = [0] * group.size
            for way in given.synapses:
                if way.target == name:
                    for pre, post, mantissa in zip(way.pre, way.post, way.mantissa, strict=True):
                        came[post] += int(spikes[way.source][pre]) * (int(mantissa) << way.exponent)
            own = []
            for neuron, (u, v, wait) in enumerate(state[name]):
                new = rounded_towards_zero(u * (4096 - group.current_decay - 1), 4096) + (came[neuron] << 6)
                if new > 2**23:
                    new -= 2**24
                elif new <= -(2**23):
                    new += 2**24
                volts = rounded_towards_zero(v * (4096 - group.voltage_decay), 4096) + new
                volts += int(group.bias_mantissa[neuron]) << int(group.bias_exponent[neuron])
                volts = min(max(volts, 1 - 2**23), 2**23 - 1)
                if wait:
                    volts = 0
                spike = volts > group.threshold << 6
                if spike:
                    volts = volts - ((group.threshold + 1) << 6) if group.reset == "subtract" else 0
                own.append(spike)
                state[name][neuron] = [new, volts, group.pause if spike else max(wait - 1, 0)]
            spikes[name] = own
            fired[name].append(own)
            voltages[name].append([v for _, v, _ in state[name]])
    return fired, voltages


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_equal_a_plain_loop_of_whole_numbers(seed):
    given = program(seed)
    entry = (np.random.default_rng(seed).random((25, 2, 6)) < 0.4).astype(np.uint8)
    seen = Machine(given, frozenset(given.compartments)).run(entry, np.zeros((2, 1, 0), np.int32))
    for place, name in enumerate(given.compartments):
        dense = seen.events(place).dense(25, 2, (given.compartments[name].size,))
        for sample in range(2):
            fired, voltages = loop(given, entry[:, sample])
            np.testing.assert_array_equal(dense[:, sample], np.array(fired[name], np.int8), err_msg=name)
            np.testing.assert_array_equal(seen.voltages[name][:, sample], voltages[name], err_msg=name)


def alone(**fields):
    """Return one neuron that gets nothing but its bias."""
    plain = {
        "name": "x", "size": 1, "depth": 0, "unit": 0, "threshold": 10, "current_decay": 4095, "voltage_decay": 0,
        "bias_mantissa": np.array([5]), "bias_exponent": np.array([6]), "initial": np.array([0]), "reset": "zero",
        "pause": 0, "spiking": True, "driven": False,
    }  # fmt: skip
    return Program({"x": Compartments(**plain | fields)}, (), "", 0)


def voltages(given, steps):
    seen = Machine(given, frozenset({"x"})).run(np.zeros((steps, 1, 0), np.uint8), np.zeros((1, 1, 0), np.int32))
    return seen.voltages["x"][:, 0, 0].tolist(), seen.events(0).step.tolist(), int(seen.saturated["x"].sum())


def test_a_neuron_fires_above_its_threshold_and_not_at_it():
    """Of 5 units a step, 10 is not above a threshold of 10; 15 is."""
    assert voltages(alone(), 6) == ([320, 640, 0, 320, 640, 0], [2, 5], 0)


def test_subtraction_takes_the_threshold_of_the_network_off_which_is_a_unit_higher():
    """15 units less 11 are 4; 9, 14 less 11 are 3."""
    assert voltages(alone(reset="subtract"), 5) == ([320, 640, 4 * 64, 9 * 64, 3 * 64], [2, 4], 0)


def test_voltages_end_at_24_bits_and_that_is_counted():
    """A bias of -4095 * 2^7 reaches -(2^23 - 1) in the 17th step: 16 * 524160 = 8386560, 8388607 - 8386560 = 2047."""
    given = alone(bias_mantissa=np.array([-4095]), bias_exponent=np.array([7]))
    found, fired, saturated = voltages(given, 18)
    assert found[15:] == [-8386560, -8388607, -8388607]
    assert (fired, saturated) == ([], 2)


def test_a_leak_rounds_towards_zero():
    """Half of -5 is -2, half of -2 is -1."""
    given = alone(voltage_decay=2048, bias_mantissa=np.array([0]), initial=np.array([-5]))
    assert voltages(given, 3)[0] == [-2, -1, 0]


def test_processors_make_no_difference():
    given = program(3)
    entry = (np.random.default_rng(3).random((25, 5, 6)) < 0.4).astype(np.uint8)
    drive = np.zeros((5, 1, 0), np.int32)
    one, many = (Machine(given, frozenset(), processors).run(entry, drive) for processors in (1, 3))
    np.testing.assert_array_equal(one.fired, many.fired)
    np.testing.assert_array_equal(one.counts, many.counts)


def test_an_input_without_a_synapse_changes_nothing():
    """The last input reaches nobody; what comes after the list of synapses must not be read."""
    given = alone(bias_mantissa=np.array([0]))
    one = np.array([0])
    given = replace(given, synapses=(Synapses("entry", "x", one, one, np.array([11]), 0),), entry="entry", inputs=100)
    entry = np.zeros((3, 1, 100), np.uint8)
    entry[:, 0, 1:] = 1
    entry[1, 0, 0] = 1
    seen = Machine(given, frozenset({"x"})).run(entry, np.zeros((1, 1, 0), np.int32))
    assert seen.voltages["x"][:, 0, 0].tolist() == [0, 0, 0]
    assert seen.events(0).step.tolist() == [1]
