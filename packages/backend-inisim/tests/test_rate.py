"""The rate engine equals the step loop on networks whose sums are exact."""

import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.layers import (
    Add,
    Affine,
    AvgPool,
    BatchNorm,
    Concat,
    Dense,
    Flatten,
    MaxPool,
    Pad,
    Permute,
    Reshape,
    Upsample,
)
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim


def dense(b):
    b.dense(9)
    b.fire()
    b.dense(5)
    b.fire()


def dense_with_potential_readout(b):
    b.dense(9)
    b.fire()
    b.dense(5)
    b.put(Accumulate)


def linear_chain(b):
    b.dense(6)
    b.dense(5)
    b.fire()
    b.dense(4)
    b.dense(3)
    b.fire()


def neurons_on_the_input(b):
    b.fire()
    b.put(Accumulate)


VECTORS = [dense, dense_with_potential_readout, linear_chain, neurons_on_the_input]


def conv(**fields):
    def build(b):
        b.conv(4, (3, 2), padding=((1, 1), (0, 1)))
        b.fire()
        b.conv(6, **fields)
        b.fire()
        b.flat()
        b.dense(3)
        b.fire()

    return build


def transposed(**fields):
    def build(b):
        b.fire()
        b.transposed(4, **fields)
        b.fire()
        b.flat()
        b.dense(3)
        b.put(Accumulate)

    return build


def pooled(kind, size, **fields):
    def build(b):
        b.conv(3, (2, 2), padding=(1, 1))
        b.fire()
        b.pool(kind, size, **fields)
        b.conv(4, (2, 2))
        b.fire()
        b.pool(kind, (2, 2), stride=1)
        b.fire()

    return build


def pool_of_the_input(kind):
    def build(b):
        b.pool(kind, (2, 2), stride=1)
        b.fire()
        b.flat()
        b.dense(3)
        b.fire()

    return build


def pool_of_potentials(b):
    b.conv(3, (2, 2))
    b.fire()
    b.conv(3, (2, 2))
    b.pool(MaxPool, (2, 2), stride=1)
    b.fire()


def wiring(b):
    b.fire()
    b.put(Pad, padding=((1, 0), (2, 1)))
    b.put(Upsample, factors=(2, 1))
    b.conv(3, (2, 3), stride=(2, 1))
    b.put(Permute, axes=(2, 0, 1))
    b.fire()
    channels, height, width = b.shapes[b.last]
    b.put(Reshape, shape=(height, width * channels))
    b.conv(2, (3,))
    b.put(Permute, axes=(1, 0))
    b.fire()
    b.put(Flatten)
    b.put(Reshape, shape=(2, b.shapes[b.last][0] // 2))
    b.fire()


def scaling(b):
    shape = b.shapes["input"]
    b.put(Affine, scale=b.numbers(shape[0]), shift=b.numbers(shape[0]))
    b.fire()
    b.put(Affine, scale=b.numbers(*shape), shift=b.numbers(*shape))
    b.put(BatchNorm, scale=b.numbers(shape[0]), shift=b.numbers(shape[0]))
    b.fire()
    b.put(Affine, scale=b.numbers(shape[0]), shift=b.numbers(*shape))
    b.fire()


def concat(axis):
    def build(b):
        first = b.fire()
        second = b.conv(2, (3, 3), first, padding=(1, 1))
        second = b.fire(second)
        third = b.conv(2, (1, 1), "input")  # never reached by a spike
        b.put(Concat, first, second, third, second, axis=axis)
        b.conv(3, (2, 2))
        b.fire()

    return build


def add(per_channel):
    def build(b):
        first = b.fire()
        second = b.fire(b.conv(2, (3, 3), first, padding=(1, 1)))
        third = b.conv(2, (1, 1), "input")  # never reached by a spike
        b.put(Add, third, first, second, first, factors=b.numbers(*((4, 2) if per_channel else (4,))))
        b.fire()
        b.flat()
        b.dense(3)
        b.fire()

    return build


def two_readers(b):
    shared = b.conv(3, (2, 2))
    left, right = b.fire(shared), b.fire(shared, threshold=0.5, reset="zero")
    both = b.put(Concat, left, right)
    left, right = b.conv(2, (2, 2), both), b.conv(2, (2, 2), right)
    b.put(Add, left, right, factors=np.float32([1, -0.5]))
    b.fire()


def volume(b):
    b.put(Reshape, shape=(2, 3, 5, 2))
    b.conv(3, (2, 2, 1), stride=(1, 2, 1), padding=(1, 0))
    b.fire()
    b.pool(MaxPool, (2, 2, 1), stride=1)
    b.transposed(2, (2, 1, 2), stride=(1, 2, 1))
    b.fire()


IMAGES = {
    "conv": conv(kernel=(3, 3)),
    "strided conv": conv(kernel=(3, 2), stride=(2, 1)),
    "padded conv": conv(kernel=(3, 3), padding=((2, 1), (0, 2))),
    "dilated conv": conv(kernel=(2, 2), dilation=(2, 3), padding=(1, 1)),
    "strided, padded and dilated conv": conv(kernel=(2, 3), stride=(2, 3), dilation=(1, 2), padding=((0, 1), (2, 2))),
    "grouped conv": conv(kernel=(2, 2), groups=2),
    "depthwise conv": lambda b: (b.fire(), b.conv(2, (2, 2), groups=2), b.fire()),
    "depthwise conv with multiplier": lambda b: (b.fire(), b.conv(4, (2, 2), groups=2, padding=(1, 1)), b.fire()),
    "transposed conv": transposed(kernel=(3, 3)),
    "strided transposed conv": transposed(kernel=(3, 2), stride=(2, 3)),
    "cut transposed conv": transposed(kernel=(3, 3), stride=2, padding=((1, 0), (2, 1))),
    "transposed conv with more outputs than the kernel reaches": transposed(kernel=(2, 2), padding=((0, -1), (-2, 0))),
    "dilated transposed conv": transposed(kernel=(2, 3), dilation=(3, 2), stride=(1, 2)),
    "grouped transposed conv": transposed(kernel=(2, 2), stride=2, groups=2),
    "max-pool": pooled(MaxPool, (2, 2)),
    "overlapping max-pool": pooled(MaxPool, (3, 3), stride=(2, 1)),
    "padded overlapping max-pool": pooled(MaxPool, (3, 2), stride=1, padding=((1, 2), (0, 1))),
    "average pool": pooled(AvgPool, (2, 2)),
    "overlapping average pool": pooled(AvgPool, (2, 4), stride=1),
    "average pool that counts padding": pooled(AvgPool, (2, 2), padding=((1, 1), (0, 1)), divisor="padded"),
    "average pool that does not count padding": pooled(AvgPool, (2, 2), padding=((1, 1), (0, 1)), divisor="inside"),
    "max-pool of the input": pool_of_the_input(MaxPool),
    "average pool of the input": pool_of_the_input(AvgPool),
    "max-pool of what is no spike": pool_of_potentials,
    "pad, upsample, permute, reshape": wiring,
    "affine and batch normalisation": scaling,
    "concat of channels": concat(0),
    "add": add(per_channel=False),
    "add per channel": add(per_channel=True),
    "two readers": two_readers,
    "three spatial axes": volume,
}


@pytest.mark.parametrize("build", VECTORS, ids=lambda build: build.__name__)
def test_vectors_equal_the_step_loop(build, builder, equals_step_loop):
    b = builder((7,))
    build(b)
    assert equals_step_loop(b.network(), b.samples()).output.any()


@pytest.mark.parametrize("name", IMAGES)
def test_images_equal_the_step_loop(name, builder, equals_step_loop):
    b = builder((2, 6, 5), seed=1)
    IMAGES[name](b)
    found = equals_step_loop(b.network(), b.samples())
    assert found.output.any()


@pytest.mark.parametrize("name", IMAGES)
def test_images_as_spikes_equal_the_step_loop(name, builder, equals_step_loop):
    b = builder((2, 6, 5), seed=2)
    IMAGES[name](b)
    clock = Clock(duration_ms=16, dt_ms=0.5)
    samples = b.samples()
    stimulus = PoissonSpikes(samples, np.array([4, 0, 17]), clock, rate_hz=500, seed=3)
    equals_step_loop(b.network(), samples, clock, stimulus)


@pytest.mark.parametrize("axis", [1, 2])
def test_concat_along_a_spatial_axis_equals_the_step_loop(axis, builder, equals_step_loop):
    b = builder((2, 6, 5))
    first = b.fire()
    second = b.fire(b.conv(2, (3, 3), first, padding=(1, 1)))
    b.put(Concat, first, second, "input", axis=axis)
    b.conv(3, (2, 2))
    b.fire()
    equals_step_loop(b.network(), b.samples())


def test_sequences_equal_the_step_loop(builder, equals_step_loop):
    b = builder((3, 11))
    b.conv(4, (3,), padding=(2, 0), dilation=2)
    b.fire()
    b.pool(MaxPool, (3,), stride=1, padding=(1, 1))
    b.conv(4, (2,), stride=2, groups=4)
    b.fire()
    b.transposed(2, (3,), stride=2)
    b.pool(AvgPool, (2,))
    b.fire()
    equals_step_loop(b.network(), b.samples())


def test_average_pools_of_any_size_are_close_to_the_step_loop(builder, loop, record_all):
    b = builder((2, 6, 5))
    b.fire()
    b.pool(AvgPool, (3, 3), stride=2, padding=(1, 1))
    b.put(Accumulate)
    network, clock = b.network(), Clock(20, 1)

    stimulus = ConstantCurrent(b.samples(), np.arange(3), clock)
    setup = record_all(network, clock)
    found = IniSim().build(network, setup).run(stimulus)
    np.testing.assert_allclose(found.output, loop(network, stimulus, setup)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reset", ["subtract", "zero", "modulo"])
@pytest.mark.parametrize("refractory_ms", [0, 1, 1.5, 3])
@pytest.mark.parametrize("leak", [0, 0.125])
@pytest.mark.parametrize("dt_ms", [1, 0.5])
def test_every_neuron_equals_the_step_loop(reset, refractory_ms, leak, dt_ms, builder, equals_step_loop):
    b = builder((9,), seed=5)
    fields = {"reset": reset, "refractory_ms": refractory_ms, "leak": leak}
    b.dense(12)
    b.fire(threshold=0.75, initial=np.float32(0.375), **fields)
    b.dense(6)
    b.fire(threshold=1.5, initial=b.numbers(6), **fields)
    equals_step_loop(b.network(), b.samples(), Clock(duration_ms=15, dt_ms=dt_ms))


def test_initial_potentials_of_an_image_equal_the_step_loop(builder, equals_step_loop):
    b = builder((2, 4, 3))
    b.conv(3, (2, 2))
    b.fire(initial=b.numbers(*b.shapes[b.last]))
    b.flat()
    b.dense(4)
    b.fire()
    equals_step_loop(b.network(), b.samples())


@pytest.mark.parametrize("shape", [(5,), (5, 2, 2)])
def test_softmax_equals_the_step_loop(shape, builder, equals_step_loop):
    b = builder(shape)
    if len(shape) == 1:
        b.dense(4)
    b.fire()
    b.put(SoftmaxFire, gain=0.25)
    found = equals_step_loop(b.network(), b.samples(), Clock(60, 1), seed=11, numbers=np.array([8, 2, 5]))
    assert found.output.any()


def test_a_neuron_fires_at_its_threshold_exactly(builder, equals_step_loop):
    b = builder((1,))
    b.fire(threshold=1.0)
    found = equals_step_loop(b.network(), np.float32([[0.25]]), Clock(9, 1))
    assert found.output[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_refractory_time_is_the_least_interval_between_spikes(builder, equals_step_loop):
    b = builder((1,))
    b.fire(threshold=1.0, refractory_ms=2.5)
    found = equals_step_loop(b.network(), np.float32([[4.0]]), Clock(9, 1))
    assert found.spikes[b.last].step.tolist() == [0, 3, 6]


def test_a_refractory_time_of_whole_steps_is_not_lengthened_by_rounding(builder):

    b = builder((1,))
    b.fire(threshold=1.0, refractory_ms=1.1)  # 1.1 / 0.1 is a little more than 11
    clock = Clock(3, 0.1)
    simulator = IniSim().build(b.network(), Setup(clock, Record(spikes=frozenset([b.last]))))
    found = simulator.run(ConstantCurrent(np.float32([[40.0]]), np.array([0]), clock))
    assert found.spikes[b.last].step.tolist() == [0, 11, 22]


def test_every_kind_the_backend_lists_is_compared(builder):
    neurons = {IntegrateFire, SoftmaxFire, Accumulate}  # those of other codes have tests of their own
    kinds = {Dense, *neurons}
    for build in IMAGES.values():
        b = builder((2, 6, 5))
        build(b)
        kinds |= {type(layer) for layer in b.layers}
    # Neurons of other codes are compared with loops of their own.
    assert kinds == {kind for kind in IniSim.layers if kind in neurons or not issubclass(kind, Neuron)}
