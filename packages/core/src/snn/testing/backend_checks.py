"""What a backend promises of its runs: what it takes, what it records, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from unittest.mock import patch

import numpy as np

from .. import storage
from ..encoding import PoissonSpikes
from ..errors import UnsupportedLayer
from ..layers import Activation, Input
from ..network import Layer, Network
from ..neurons import Accumulate, IntegrateFire, Neuron
from ..response_neurons import CurrentBased
from ..sequences import sequence
from ..simulating import Backend, Record, Recording, Setup, Simulator, Stimulus
from . import golden, golden_layers, reference
from .outcome import DoesNotApply, require
from .running import compare, flat, present, record, taken

_HIDDEN = "conv/fire"
_STEPS = 6
_KINDS: frozenset[type[Layer]] = frozenset(storage.KINDS.values())


@dataclass(frozen=True, eq=False, kw_only=True)
class _Stranger(Neuron):
    """A kind of neuron that nobody brings."""


def _image(backend: Backend, count: int = 3) -> tuple[Network, Stimulus]:
    """Return a network of convolutions as ``backend`` runs it, and samples for it."""
    stimulus = golden.current(golden.images(count), _STEPS)
    if "current" not in backend.inputs:
        stimulus = golden.spikes_of(golden.images(count), _STEPS)
    return taken(backend, golden.image(), stimulus), stimulus


def _with(kind: type[Layer]) -> tuple[Network, str]:
    """Return a network with one layer of ``kind``, and that layer's name."""
    if issubclass(kind, Neuron):
        network = golden.single(kind)
        return network, network.output.name
    entry = Input(name=golden_layers.X, shape=(2,))
    layers: tuple[Layer, ...] = (Activation(name="activation", inputs=(golden_layers.X,), function="relu"),)
    if kind in golden_layers.OF_KIND:
        case = golden_layers.OF_KIND[kind]()
        entry, layers = Input(name=golden_layers.X, shape=case.sample.shape[1:]), case.layers
    network = Network((entry, *layers, golden.reading(layers)), stage="spiking")
    return network, next(layer.name for layer in layers if type(layer) is kind)


def says_what_it_runs(backend: Backend) -> None:
    """Refuse, by name, each layer of a kind that is not in ``layers``, before anything is built."""
    neurons = [kind for kind in backend.layers if issubclass(kind, Neuron)]
    require(Input in backend.layers and neurons, "layers lacks Input, or has no neuron")
    require(backend.inputs and set(backend.inputs) <= {"current", "spikes"}, f"inputs are {backend.inputs}")
    for kind in (_KINDS | {_Stranger}) - backend.layers - {Input}:
        network, name = _with(kind)
        problems = [problem for problem in backend.inspect(network) if problem.layer == name]
        require(problems and problems[0].message, f"inspect finds nothing wrong with a {kind.__name__}")
        try:
            backend.check(network)
        except UnsupportedLayer as error:
            require(repr(name) in str(error), f"the error for a {kind.__name__} does not name the layer: {error}")
        else:
            require(False, f"check lets a {kind.__name__} pass")


def runs_what_it_says(backend: Backend) -> None:
    """Take a plain layer of every kind that it lists, given a current or spikes, read out by a neuron that it lists."""
    for kind in sorted(backend.layers & _KINDS - {Input}, key=lambda kind: kind.__name__):
        networks = _plain(backend, kind)
        refusals = [backend.inspect(network) for network in networks]
        refused = refusals and all(refusals)
        require(not refused, f"it lists {kind.__name__}, and refuses it: {refusals[0][0].message}" if refused else "")


def _plain(backend: Backend, kind: type[Layer]) -> list[Network]:
    """Return plain networks with a layer of ``kind``, as far as they have only layers that ``backend`` lists."""
    if issubclass(kind, Neuron):
        networks = [golden.single(kind)]
        networks += [golden.pair(kind, 4096, **golden.WHOLE)] if kind is CurrentBased else []
    elif kind in golden_layers.OF_KIND:
        case = golden_layers.OF_KIND[kind]()
        readers = [golden.reading(case.layers, reader) for reader in (IntegrateFire, Accumulate)]
        networks = [network for reader in readers for _, network, _ in golden.ways(case, reader)]
    else:
        networks = []
    return [network for network in networks if {type(layer) for layer in network.layers} <= backend.layers]


def starts_at_rest(backend: Backend) -> None:
    """Begin every batch at rest, so that a batch knows nothing of the one before, which may have another size."""
    network, stimulus = _image(backend, 5)
    first, second = stimulus.of(0, 3), stimulus.of(3, 5)
    with backend.build(network, Setup(clock=stimulus.clock)) as simulator:
        outputs = [flat(present(simulator, batch).output) for batch in (first, second, first)]
    np.testing.assert_array_equal(outputs[2], outputs[0], err_msg="the same batch, after another one")
    alone = flat(record(backend, network, second).output)
    np.testing.assert_array_equal(outputs[1], alone, err_msg="a batch after another one, compared with it alone")


def ignores_batches(backend: Backend) -> None:
    """Give a sample in a batch what it gives the sample alone."""
    network, stimulus = _image(backend, 5)
    together = flat(record(backend, network, stimulus).output)
    for row in (0, 3):
        alone = flat(record(backend, network, stimulus.of(row, row + 1)).output)
        np.testing.assert_array_equal(alone[:, 0], together[:, row], err_msg=f"sample {row} alone and among 5")


def takes_sequences(backend: Backend) -> None:
    """Take a current that changes from sample to sample, and do not rest between them; or say so with ``sequences``."""
    if not backend.sequences:
        raise DoesNotApply("it takes no sequences of currents")
    images = golden.images(4)
    both = sequence([golden.current(images[:2], _STEPS), golden.current(images[2:], _STEPS)])
    compare(backend, golden.image(), both, "given two samples one after the other")


def repeats_itself(backend: Backend) -> None:
    """Give the same for the same seed, in another simulator too."""
    network, stimulus = _poisson(backend, seed=1)
    first, second = (flat(record(backend, network, stimulus, seed=1).output) for _ in range(2))
    np.testing.assert_array_equal(second, first, err_msg="the same run again")


def heeds_the_seed(backend: Backend) -> None:
    """Give something else for another seed of a random input."""
    outputs = []
    for seed in (1, 2):
        network, stimulus = _poisson(backend, seed)
        outputs.append(flat(record(backend, network, stimulus, seed=seed).output))
    require(
        not np.array_equal(outputs[0], outputs[1]), "two seeds of a Poisson input give the same output in every step"
    )


def _poisson(backend: Backend, seed: int) -> tuple[Network, Stimulus]:
    plain = golden.current(golden.images(4), 40)
    stimulus = PoissonSpikes(plain.samples, plain.numbers, plain.clock, rate_hz=1000.0, seed=seed)
    return taken(backend, golden.image(), stimulus), stimulus


def gives_outputs_step_by_step(backend: Backend) -> None:
    """Give the output after each step, (steps, batch, classes), as finite numbers."""
    network, stimulus = _image(backend)
    output = np.asarray(record(backend, network, stimulus).output)
    require(output.shape == (_STEPS, 3, 3), f"the output has shape {output.shape}, not (steps, batch, classes)")
    require(output.dtype.kind in "fiu" and np.isfinite(output).all(), f"the output is not numbers: {output.dtype}")


def records_counts(backend: Backend) -> None:
    """Count the spikes of the layers asked for, as whole numbers (batch, *shape), channels first."""
    found, expected = _recorded(backend, Record(counts=frozenset({_HIDDEN, "out"})))
    for name, spikes in expected.spikes.items():
        counts = np.asarray(found.counts[name])
        require(counts.dtype.kind in "iu", f"counts of {name!r} are {counts.dtype}, not whole numbers")
        np.testing.assert_array_equal(counts, spikes.sum(axis=0), err_msg=f"counts of {name!r}")


def records_spikes(backend: Backend) -> None:
    """List the spikes of the layers asked for, in order of step, sample and neuron, numbered channels first."""
    found, expected = _recorded(backend, Record(spikes=frozenset({_HIDDEN, "out"})))
    for name, spikes in expected.spikes.items():
        events = found.spikes[name]
        columns = np.stack([np.asarray(events.step), np.asarray(events.sample), np.asarray(events.neuron)])
        require(columns.dtype.kind in "iu", f"spikes of {name!r} are given as {columns.dtype}, not whole numbers")
        order = np.lexsort(columns[::-1])
        np.testing.assert_array_equal(order, np.arange(len(order)), err_msg=f"order of the spikes of {name!r}")
        dense = events.dense(spikes.shape[0], spikes.shape[1], spikes.shape[2:])
        np.testing.assert_array_equal(dense, spikes, err_msg=f"spikes of {name!r}")


def records_potentials(backend: Backend) -> None:
    """Give the potentials of the layers asked for after each step and its reset, (steps, batch, *shape)."""
    found, expected = _recorded(backend, Record(potentials=frozenset({_HIDDEN, "out"})))
    for name, potentials in expected.potentials.items():
        np.testing.assert_allclose(
            found.potentials[name], potentials, rtol=0, atol=1e-5, err_msg=f"potentials of {name!r}"
        )


def records_only_what_was_asked(backend: Backend) -> None:
    """Record the layers asked for and no others."""
    for wanted in (Record(), Record(frozenset({"out"}), frozenset({_HIDDEN}), frozenset({"out"}))):
        found, _ = _recorded(backend, wanted)
        for what in ("counts", "spikes", "potentials"):
            asked, given = getattr(wanted, what), set(getattr(found, what))
            require(given == asked, f"{what} of {sorted(asked)} were asked for; it gave those of {sorted(given)}")


def _recorded(backend: Backend, wanted: Record) -> tuple[Recording, reference.Trace]:
    network, stimulus = _image(backend)
    return record(backend, network, stimulus, wanted), reference.simulate(network, stimulus)


def counts_operations(backend: Backend) -> None:
    """Count synaptic operations so far as spikes times fan-out, a constant first layer once; or give None."""
    network, stimulus = _image(backend)
    found = record(backend, network, stimulus).operations
    if found is None:
        raise DoesNotApply("it does not count operations")
    np.testing.assert_array_equal(found, reference.simulate(network, stimulus).operations, err_msg="operations")


def leaves_the_network_alone(backend: Backend) -> None:
    """Change neither the network nor the samples."""
    network, stimulus = _image(backend)
    samples, before = stimulus.samples.copy(), (storage.digest(network), network.provenance, network.stage)
    with backend.build(network, Setup(clock=stimulus.clock)) as simulator:
        for _ in range(2):
            present(simulator, stimulus)
    after = (storage.digest(network), network.provenance, network.stage)
    require(after == before, "the network is another one after a run")
    np.testing.assert_array_equal(stimulus.samples, samples, err_msg="samples after a run")


def lets_go(backend: Backend) -> None:
    """Let go when the with-block ends, also by an exception, and take a second close."""
    network, stimulus = _image(backend, 1)
    setup = Setup(clock=stimulus.clock)
    simulator = backend.build(network, setup)
    simulator.close()
    simulator.close()
    simulator = backend.build(network, setup)
    kind = type(simulator)
    with patch.object(kind, "close", autospec=True, side_effect=kind.close) as close:
        try:
            _stop_in(simulator)
        except _Stop:
            require(close.called, "the with-block did not close the simulator")
        else:
            require(False, "the with-block swallowed an exception")
    simulator.close()
    compare(backend, network, stimulus, "in a simulator built after others were closed")


class _Stop(Exception):  # noqa: N818  nobody's error
    pass


def _stop_in(simulator: Simulator) -> None:
    with simulator:
        raise _Stop
