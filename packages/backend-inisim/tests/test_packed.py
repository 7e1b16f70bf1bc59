"""Networks whose spikes are packed as bits equal the step loop: words of 16 channels, whole and in part."""

import dataclasses
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from snn import storage
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.layers import Add, Affine, AvgPool, Concat, Flatten, MaxPool, Pad, Permute, Upsample
from snn.neurons import Accumulate
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim
from snn_backend_inisim.packed import gathered, grouping
from snn_backend_inisim.packed.gathered import Gather
from snn_backend_inisim.packed.planning import plan
from snn_backend_inisim.packed.tasks import AddUp, Alone, Fire, Largest, Move, Unpack

CLOCK = Clock(duration_ms=70, dt_ms=1)  # more than the 64 steps of a block
PADS = some.tuples(some.integers(0, 2), some.integers(0, 2))


def kinds(network):
    """Return the tasks that run ``network``, by the name of their layer."""
    return {task.key[0]: type(task) for task in plan(network, Setup(clock=CLOCK))}


@pytest.mark.parametrize("channels", [1, 15, 16, 17, 40, 64, 70])
def test_any_number_of_channels_equals_the_step_loop(channels, builder, equals_step_loop):
    b = builder((2, 5, 6))
    b.conv(channels, (3, 3), padding=(1, 1))
    b.fire()
    b.conv(channels, (2, 3))
    b.fire(initial=np.float32(0.5))
    b.flat()
    b.dense(channels)
    b.fire()
    b.dense(3)
    b.put(Accumulate)
    network = b.network()
    assert list(kinds(network).values()) == [Alone, Fire, Gather, Gather, Gather, Alone]
    equals_step_loop(network, b.samples(3), CLOCK)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_strides_and_dilations_equal_the_step_loop(stride, dilation, builder, equals_step_loop):
    b = builder((1, 9, 8))
    b.conv(5, (1, 1))
    b.fire()
    last = b.conv(18, (3, 2), stride=stride, dilation=dilation, padding=((2, 1), (0, 3)))
    b.fire()
    b.flat()
    b.dense(2)
    b.put(Accumulate)
    assert last not in kinds(b.network())  # its neurons do its work
    equals_step_loop(b.network(), b.samples(2), CLOCK)


@pytest.mark.parametrize("kind", [AvgPool, MaxPool])
@pytest.mark.parametrize(("size", "stride", "padding"), [((2, 2), 2, (0, 0)), ((2, 2), 1, (0, 1)), ((4, 4), 2, (0, 0))])
def test_pools_between_weights_stay_packed_and_equal_the_step_loop(
    kind, size, stride, padding, builder, equals_step_loop
):
    b = builder((1, 8, 8))
    b.conv(17, (3, 3))
    b.fire()
    fields = {"divisor": "padded"} if kind is AvgPool else {}
    pool = b.pool(kind, size, stride=stride, padding=padding, **fields)
    b.conv(4, (2, 2), padding=(1, 0))
    b.fire()
    b.put(Accumulate)
    network = b.network()
    assert kinds(network)[pool] is (AddUp if kind is AvgPool else Largest)
    equals_step_loop(network, b.samples(2), CLOCK)


@pytest.mark.parametrize(
    ("entering", "groups", "channels"),
    [
        (32, 2, 64),
        (48, 3, 144),
        (24, 6, 12),
        (40, 5, 10),
        (20, 20, 20),
        (17, 17, 34),
        (36, 2, 6),
        (96, 2, 96),
        (17, 17, 221),
    ],
)
@pytest.mark.parametrize("fires", [True, False])
def test_groups_stay_packed_and_equal_the_step_loop(entering, groups, channels, fires, builder, equals_step_loop):
    b = builder((2, 4, 5))
    b.conv(entering, (2, 2))
    b.fire()
    grouped = b.conv(channels, (2, 3), padding=((1, 0), (1, 1)), groups=groups)
    last = b.fire() if fires else grouped
    b.put(Flatten)
    b.dense(3)
    b.put(Accumulate)
    network = b.network()
    assert kinds(network)[last] is Gather
    equals_step_loop(network, b.samples(2), CLOCK)


def test_the_mean_of_nine_cells_is_rounded_once(builder, equals_step_loop):
    b = builder((1, 7, 8))
    b.conv(18, (1, 1))
    b.fire()
    pool = b.pool(AvgPool, (3, 3), stride=2, padding=(1, 1), divisor="padded")
    b.flat()
    b.put(Accumulate)
    network = b.network()
    assert kinds(network)[pool] is Unpack  # of the digits of the counts
    equals_step_loop(network, b.samples(2), CLOCK)


def test_weights_behind_a_mean_of_nine_cells_are_divided_by_nine(builder):
    b = builder((1, 6, 6))
    b.numbers = lambda *shape, **_: b.random.normal(size=shape).astype(np.float32)
    b.conv(18, (1, 1))
    b.fire()
    b.pool(AvgPool, (3, 3), divisor="padded")
    b.conv(4, (2, 2))
    b.put(Accumulate)
    network, samples = b.network(), b.samples(2)
    (neurons,) = (layer.name for layer in network.layers if layer.kind == "IntegrateFire")
    with IniSim().build(network, Setup(clock=CLOCK, record=Record(counts=frozenset({neurons})))) as simulator:
        found = simulator.run(ConstantCurrent(samples, np.arange(2), CLOCK))
    spikes = found.counts[neurons].astype(np.float64)
    means = spikes.reshape(2, 18, 2, 3, 2, 3).mean(axis=(3, 5))
    layer = next(layer for layer in network.layers if layer.kind == "Conv" and layer.weight.shape[1] == 18)
    expected = np.einsum("bcyx,ocyx->bo", means, layer.weight.astype(np.float64)) + CLOCK.steps * layer.bias
    np.testing.assert_allclose(found.output[-1], expected, rtol=1e-5, atol=1e-4)


def test_words_are_moved_whole(builder, equals_step_loop):
    b = builder((1, 4, 5))
    first = (b.conv(32, (2, 2)), b.fire())[1]
    second = (b.conv(16, (2, 2), "input"), b.fire())[1]
    names = [b.put(Pad, first, padding=((1, 0), (0, 2))), b.put(Upsample, factors=(1, 2))]
    b.put(Pad, second, padding=((0, 1), (2, 0)))
    other = b.put(Upsample, factors=(1, 2))
    names.append(b.put(Concat, names[1], other))
    b.conv(3, (3, 3))
    b.fire()
    b.put(Accumulate)
    network = b.network()
    assert {kinds(network)[name] for name in names} == {Move}
    equals_step_loop(network, b.samples(2), CLOCK)


def test_words_that_would_be_split_are_unpacked(builder, equals_step_loop):
    b = builder((1, 4, 5))
    first = (b.conv(5, (2, 2)), b.fire())[1]
    second = (b.conv(16, (2, 2), "input"), b.fire())[1]
    joined = b.put(Concat, first, second)
    b.conv(3, (3, 3))
    b.fire()
    b.put(Accumulate)
    assert kinds(b.network())[joined] is Alone
    equals_step_loop(b.network(), b.samples(2), CLOCK)


def test_a_residual_network_equals_the_step_loop(builder, equals_step_loop):
    b = builder((3, 5, 5))
    b.conv(20, (3, 3), padding=(1, 1))
    skip = b.fire()
    b.conv(20, (3, 3), padding=(1, 1))
    b.fire()
    branch = b.conv(20, (3, 3), padding=(1, 1))
    b.put(Add, branch, skip, factors=b.numbers(2))
    b.fire()
    b.put(Permute, axes=(2, 0, 1))
    b.put(Flatten)
    b.dense(4)
    b.put(Accumulate)
    equals_step_loop(b.network(), b.samples(3), CLOCK)


@seed(7)
@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_random_packed_networks_equal_the_step_loop(data, builder, equals_step_loop):
    draw = data.draw
    b = builder(
        (draw(some.integers(1, 3)), draw(some.integers(3, 6)), draw(some.integers(3, 6))), draw(some.integers(0, 99))
    )
    for _ in range(draw(some.integers(2, 4))):
        _, *sizes = b.shapes[b.last]
        kernel = tuple(draw(some.integers(1, min(3, n))) for n in sizes)
        padding = (draw(PADS), draw(PADS))
        entering, channels = b.shapes[b.last][0], draw(some.sampled_from([3, 12, 16, 33, 48]))
        groups = draw(some.sampled_from([n for n in (1, 3, 4, 16) if entering % n == 0 and channels % n == 0]))
        fits = [n + sum(pads) for n, pads in zip(sizes, padding, strict=True)]
        dilation = tuple(
            draw(some.integers(1, max(1, (n - 1) // max(1, k - 1)))) for n, k in zip(fits, kernel, strict=True)
        )
        stride = draw(some.integers(1, 2))
        b.conv(channels, kernel, stride=stride, padding=padding, groups=groups, dilation=dilation)
        b.fire(threshold=draw(some.sampled_from([0.5, 1.0, 1.25])))
        channels, *sizes = b.shapes[b.last]
        window = tuple(draw(some.integers(1, min(2, n))) for n in sizes)
        match draw(some.sampled_from(["max", "average", "pad", "affine", "none"])):
            case "max":
                b.pool(MaxPool, window, stride=1)
            case "average":
                b.pool(AvgPool, window, divisor="padded")
            case "pad":
                b.put(Pad, padding=(draw(PADS), draw(PADS)))
            case "affine":
                b.put(Affine, scale=b.numbers(channels), shift=b.numbers(channels))
                b.fire()
    b.flat()
    b.dense(draw(some.integers(2, 20)))
    if draw(some.booleans()):
        b.fire()
    else:
        b.put(Accumulate)
    clock = Clock(duration_ms=20, dt_ms=draw(some.sampled_from([1, 0.5])))
    samples, numbers = b.samples(5), np.array([3, 8, 1, 2, 0])
    kind = draw(some.sampled_from([ConstantCurrent, PoissonSpikes]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "MOST_STEPS", draw(some.sampled_from([3, 16, 64])))
        patch.setattr(grouping, "MOST_TOGETHER", draw(some.sampled_from([1, 2, 32])))
        patch.setattr(grouping, "SHARED_WORK", draw(some.sampled_from([1, 10**8])))
        patch.setattr(gathered, "EVENT_BYTES", draw(some.sampled_from([1, 2**14, 2**18, 2**25])))
        equals_step_loop(b.network(), samples, clock, kind(samples, numbers, clock))


@pytest.fixture
def wide(builder):
    """Return a network whose tasks are worth sharing, with sums that are not fired (a branch) too."""
    b = builder((2, 8, 7), seed=3)
    b.numbers = lambda *shape, **_: b.random.normal(size=shape).astype(np.float32) / 4
    b.conv(33, (3, 3), padding=(1, 1))
    skip = b.fire()
    branch = b.conv(33, (3, 3), padding=(1, 1))
    b.put(Add, branch, skip, factors=np.ones(2, np.float32))
    b.fire()
    b.pool(AvgPool, (2, 2), divisor="padded", padding=(0, 1))
    b.flat()
    b.dense(200)
    b.fire()
    b.dense(5)
    b.put(Accumulate)
    return b


def test_threads_that_share_the_tasks_of_one_sample_change_nothing(wide, monkeypatch):
    clock, samples = Clock(130, 1), wide.samples(1)
    setup, stimulus = Setup(clock=clock), ConstantCurrent(samples, np.array([5]), clock)
    with IniSim(threads=1).build(wide.network(), setup) as simulator:
        alone = simulator.run(stimulus)
    monkeypatch.setattr(grouping, "SHARED_WORK", 1)
    for threads in (2, 3, 5):
        with IniSim(threads=threads).build(wide.network(), setup) as simulator:
            found = simulator.run(stimulus)
        np.testing.assert_array_equal(found.output, alone.output)
        np.testing.assert_array_equal(found.operations, alone.operations)


def test_a_short_last_block_lists_no_more_samples_together_than_a_full_one(wide, monkeypatch):
    clock, samples = Clock(70, 1), wide.samples(6)  # blocks of 64 steps and of 6
    stimulus = ConstantCurrent(samples, np.arange(6), clock)
    with IniSim(threads=1).build(wide.network(), Setup(clock=clock)) as simulator:
        expected = simulator.run(stimulus).output
    for bits in range(14, 25):  # room for one sample and more, in a full block
        monkeypatch.setattr(gathered, "EVENT_BYTES", 2**bits)
        with IniSim(threads=1).build(wide.network(), Setup(clock=clock)) as simulator:
            np.testing.assert_array_equal(simulator.run(stimulus).output, expected)


def test_two_threads_may_run_one_simulator_at_a_time(wide):
    clock = Clock(100, 1)
    batches = [ConstantCurrent(wide.samples(9), np.arange(9), clock) for _ in range(6)]
    with IniSim().build(wide.network(), Setup(clock=clock)) as simulator:
        expected = [simulator.run(batch).output for batch in batches]
        with ThreadPoolExecutor(2) as pool:
            found = [recording.output for recording in pool.map(simulator.run, batches)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sums_are_made_in_the_order_that_is_written_down(builder):
    """Weights that are not dyadic: bias, then spikes by turns to 4 sums for 16 channels, 2 for 32 and 1 for 64."""
    for channels, sums in ((16, 4), (32, 2), (64, 1)):
        b = builder((40,), seed=channels)
        b.numbers = lambda *shape, **_: b.random.normal(size=shape).astype(np.float32)  # noqa: B023  called in this turn
        b.fire(threshold=0.5)
        b.dense(channels)
        b.put(Accumulate)
        network, clock = b.network(), Clock(1, 1)
        samples = b.samples(3)
        with IniSim().build(network, Setup(clock=clock)) as simulator:
            found = simulator.run(ConstantCurrent(samples, np.arange(3), clock)).output[0]
        dense = network[network.layers[-1].inputs[0]]
        for sample, output in zip(samples, found, strict=True):
            totals = [dense.bias.copy(), *(np.zeros(channels, np.float32) for _ in range(sums - 1))]
            for turn, neuron in enumerate(np.flatnonzero(sample >= 0.5)):
                totals[turn % sums] += dense.weight[:, neuron]
            np.testing.assert_array_equal(output, np.sum(totals, axis=0, dtype=np.float32))


def test_a_processor_without_vectors_gives_the_same_bits(wide, tmp_path):
    """The kernels compiled for the oldest processor, in a process of its own, give what those of this one give."""
    clock, samples = Clock(40, 1), wide.samples(2)
    with IniSim().build(wide.network(), Setup(clock=clock)) as simulator:
        here = simulator.run(ConstantCurrent(samples, np.arange(2), clock)).output
    network = dataclasses.replace(wide.network(), clock=clock)
    storage.save(network, tmp_path / "net.snn")
    np.save(tmp_path / "samples.npy", samples)
    program = (
        "import sys, numpy as np; from pathlib import Path; from snn import storage; from snn.simulating import Setup;"
        "from snn.encoding import ConstantCurrent; from snn_backend_inisim.backend import IniSim;"
        "f = Path(sys.argv[1]);"
        "n = storage.load(f / 'net.snn'); x = np.load(f / 'samples.npy');"
        "s = IniSim().build(n, Setup(clock=n.clock));"
        "np.save(f / 'out.npy', s.run(ConstantCurrent(x, np.arange(2), n.clock)).output)"
    )
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env={**os.environ, **plain}, capture_output=True, check=False
    )
    assert not done.returncode, done.stderr.decode()
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), here)
