"""What a backend promises of its runs: what it takes, what it records, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass as _dataclass

import numpy as np

from .. import storage as _storage
from ..encoding import PoissonSpikes as _PoissonSpikes
from ..errors import UnsupportedLayer as _UnsupportedLayer
from ..layers import Activation as _Activation
from ..layers import Dense as _Dense
from ..layers import Input as _Input
from ..network import Layer as _Layer
from ..network import Network as _Network
from ..neurons import Accumulate as _Accumulate
from ..neurons import IntegrateFire as _IntegrateFire
from ..neurons import Neuron as _Neuron
from ..simulating import Backend
from ..simulating import Record as _Record
from ..simulating import Recording as _Recording
from ..simulating import Setup as _Setup
from ..simulating import Stimulus as _Stimulus
from . import golden as _golden
from . import golden_layers as _layers
from . import reference as _reference
from .outcome import DoesNotApply as _DoesNotApply
from .outcome import require as _require
from .running import compare as _compare
from .running import flat as _flat
from .running import present as _present
from .running import record as _record
from .running import taken as _taken

_HIDDEN = "conv/fire"
_STEPS = 6


@_dataclass(frozen=True, eq=False, kw_only=True)
class _Stranger(_Neuron):
    """A kind of neuron that nobody brings."""


def _image(backend: Backend, count: int = 3) -> tuple[_Network, _Stimulus]:
    """Return a network of convolutions as ``backend`` runs it, and samples for it."""
    stimulus = _golden.current(_golden.images(count), _STEPS)
    if "current" not in backend.inputs:
        stimulus = _golden.spikes_of(_golden.images(count), _STEPS)
    return _taken(backend, _golden.image(), stimulus), stimulus


def _with(kind: type[_Layer]) -> tuple[_Network, str]:
    """Return a network with one layer of ``kind``, and that layer's name."""
    if issubclass(kind, _Neuron):
        network = _golden.single(kind)
        return network, network.output.name
    entry = _Input(name=_layers.X, shape=(2,))
    layers: tuple[_Layer, ...] = (_Activation(name="activation", inputs=(_layers.X,), function="relu"),)
    if kind in _layers.OF_KIND:
        case = _layers.OF_KIND[kind]()
        entry, layers = _Input(name=_layers.X, shape=case.sample.shape[1:]), case.layers
    network = _Network((entry, *layers, _golden.reading(layers)), stage="spiking")
    return network, next(layer.name for layer in layers if type(layer) is kind)


def says_what_it_runs(backend: Backend) -> None:
    """Refuse, by name, each layer of a kind that is not in ``layers``, before anything is built."""
    neurons = [kind for kind in backend.layers if issubclass(kind, _Neuron)]
    _require(_Input in backend.layers and neurons, "layers lacks Input, or has no neuron")
    _require(backend.inputs and set(backend.inputs) <= {"current", "spikes"}, f"inputs are {backend.inputs}")
    for kind in {*_storage.KINDS.values(), _Stranger} - set(backend.layers) - {_Input}:
        network, name = _with(kind)
        problems = [problem for problem in backend.inspect(network) if problem.layer == name]
        _require(problems and problems[0].message, f"inspect finds nothing wrong with a {kind.__name__}")
        try:
            backend.check(network)
        except _UnsupportedLayer as error:
            _require(repr(name) in str(error), f"the error for a {kind.__name__} does not name the layer: {error}")
        else:
            _require(False, f"check lets a {kind.__name__} pass")


def runs_what_it_says(backend: Backend) -> None:
    """Take a dense layer with plain neurons where it lists them."""
    kind = _IntegrateFire if _IntegrateFire in backend.layers else _Accumulate
    if not {_Dense, kind} <= backend.layers:
        raise _DoesNotApply("it does not list Dense and neurons of the rate code")
    problems = backend.inspect(_golden.single(kind))
    _require(not problems, f"it refuses {problems[0].layer!r}: {problems[0].message}" if problems else "")


def starts_at_rest(backend: Backend) -> None:
    """Begin every batch at rest, so that a second batch knows nothing of the first."""
    network, stimulus = _image(backend)
    with backend.build(network, _Setup(clock=stimulus.clock)) as simulator:
        first, second = (_flat(_present(simulator, stimulus).output) for _ in range(2))
    np.testing.assert_array_equal(second, first, err_msg="the same batch again in the same simulator")


def ignores_batches(backend: Backend) -> None:
    """Give a sample in a batch what it gives the sample alone, and batches of any size in one simulator."""
    network, stimulus = _image(backend, 5)
    together = _flat(_record(backend, network, stimulus).output)
    parts = []
    with backend.build(network, _Setup(clock=stimulus.clock)) as simulator:
        for start, stop in ((0, 3), (3, 5)):
            parts.append(_flat(_present(simulator, _rows(stimulus, start, stop)).output))
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), together, err_msg="batches of 3 and 2 samples")
    alone = _flat(_record(backend, network, _rows(stimulus, 2, 3)).output)
    np.testing.assert_array_equal(alone[:, 0], together[:, 2], err_msg="a sample alone")


def _rows(stimulus: _Stimulus, start: int, stop: int) -> _Stimulus:
    samples, numbers = stimulus.samples[start:stop], stimulus.numbers[start:stop]
    if isinstance(stimulus, _golden.GivenSpikes):
        return _golden.GivenSpikes(samples, numbers, stimulus.clock, stimulus.spikes[:, start:stop])
    return type(stimulus)(samples, numbers, stimulus.clock)


def repeats_itself(backend: Backend) -> None:
    """Give the same for the same seed, in another simulator too."""
    network, stimulus = _poisson(backend, seed=1)
    first, second = (_flat(_record(backend, network, stimulus, seed=1).output) for _ in range(2))
    np.testing.assert_array_equal(second, first, err_msg="the same run again")


def heeds_the_seed(backend: Backend) -> None:
    """Give something else for another seed of a random input."""
    outputs = []
    for seed in (1, 2):
        network, stimulus = _poisson(backend, seed)
        outputs.append(_flat(_record(backend, network, stimulus, seed=seed).output))
    _require(not np.array_equal(*outputs), "two seeds of a Poisson input give the same output in every step")


def _poisson(backend: Backend, seed: int) -> tuple[_Network, _Stimulus]:
    plain = _golden.current(_golden.images(4), 40)
    stimulus = _PoissonSpikes(plain.samples, plain.numbers, plain.clock, rate_hz=500.0, seed=seed)
    return _taken(backend, _golden.image(), stimulus), stimulus


def gives_outputs_step_by_step(backend: Backend) -> None:
    """Give the output after each step, (steps, batch, classes), as finite numbers."""
    network, stimulus = _image(backend)
    output = np.asarray(_record(backend, network, stimulus).output)
    _require(output.shape == (_STEPS, 3, 3), f"the output has shape {output.shape}, not (steps, batch, classes)")
    _require(output.dtype.kind in "fiu" and np.isfinite(output).all(), f"the output is not numbers: {output.dtype}")


def records_counts(backend: Backend) -> None:
    """Count the spikes of the layers asked for, as whole numbers (batch, *shape), channels first."""
    found, expected = _recorded(backend, _Record(counts=frozenset({_HIDDEN, "out"})))
    for name, spikes in expected.spikes.items():
        counts = np.asarray(found.counts[name])
        _require(counts.dtype.kind in "iu", f"counts of {name!r} are {counts.dtype}, not whole numbers")
        np.testing.assert_array_equal(counts, spikes.sum(axis=0), err_msg=f"counts of {name!r}")


def records_spikes(backend: Backend) -> None:
    """List the spikes of the layers asked for, in order of step, sample and neuron, numbered channels first."""
    found, expected = _recorded(backend, _Record(spikes=frozenset({_HIDDEN, "out"})))
    for name, spikes in expected.spikes.items():
        events = found.spikes[name]
        columns = np.stack([np.asarray(events.step), np.asarray(events.sample), np.asarray(events.neuron)])
        _require(columns.dtype.kind in "iu", f"spikes of {name!r} are given as {columns.dtype}, not whole numbers")
        order = np.lexsort(columns[::-1])
        np.testing.assert_array_equal(order, np.arange(len(order)), err_msg=f"order of the spikes of {name!r}")
        dense = events.dense(*spikes.shape[:2], spikes.shape[2:])
        np.testing.assert_array_equal(dense, spikes, err_msg=f"spikes of {name!r}")


def records_potentials(backend: Backend) -> None:
    """Give the potentials of the layers asked for after each step and its reset, (steps, batch, *shape)."""
    found, expected = _recorded(backend, _Record(potentials=frozenset({_HIDDEN, "out"})))
    for name, potentials in expected.potentials.items():
        np.testing.assert_allclose(
            found.potentials[name], potentials, rtol=0, atol=1e-5, err_msg=f"potentials of {name!r}"
        )


def records_only_what_was_asked(backend: Backend) -> None:
    """Record the layers asked for and no others."""
    for wanted in (_Record(), _Record(frozenset({"out"}), frozenset({_HIDDEN}), frozenset({"out"}))):
        found, _ = _recorded(backend, wanted)
        for what in ("counts", "spikes", "potentials"):
            asked, given = getattr(wanted, what), set(getattr(found, what))
            _require(given == asked, f"{what} of {sorted(asked)} were asked for; it gave those of {sorted(given)}")


def _recorded(backend: Backend, wanted: _Record) -> tuple[_Recording, _reference.Trace]:
    network, stimulus = _image(backend)
    return _record(backend, network, stimulus, wanted), _reference.simulate(network, stimulus)


def counts_operations(backend: Backend) -> None:
    """Count synaptic operations so far as spikes times fan-out, a constant first layer once; or give None."""
    network, stimulus = _image(backend)
    found = _record(backend, network, stimulus).operations
    if found is None:
        raise _DoesNotApply("it does not count operations")
    np.testing.assert_array_equal(found, _reference.simulate(network, stimulus).operations, err_msg="operations")


def leaves_the_network_alone(backend: Backend) -> None:
    """Change neither the network nor the samples."""
    network, stimulus = _image(backend)
    samples, before = stimulus.samples.copy(), (_storage.digest(network), network.provenance, network.stage)
    with backend.build(network, _Setup(clock=stimulus.clock)) as simulator:
        for _ in range(2):
            _present(simulator, stimulus)
    after = (_storage.digest(network), network.provenance, network.stage)
    _require(after == before, "the network is another one after a run")
    np.testing.assert_array_equal(stimulus.samples, samples, err_msg="samples after a run")


def lets_go(backend: Backend) -> None:
    """Let go when the with-block ends, also by an exception, and take a second close."""
    network, stimulus = _image(backend, 1)
    setup = _Setup(clock=stimulus.clock)
    simulator = backend.build(network, setup)
    simulator.close()
    simulator.close()
    closed: list[bool] = []

    class Stop(Exception):  # noqa: N818  nobody else catches it
        pass

    simulator = backend.build(network, setup)
    close = simulator.close

    def note() -> None:
        closed.append(True)
        close()

    try:
        with simulator as inside:
            object.__setattr__(inside, "close", note)
            raise Stop
    except Stop:
        _require(closed, "the with-block did not close the simulator")
    else:
        _require(False, "the with-block swallowed an exception")
    object.__delattr__(simulator, "close")
    simulator.close()
    _compare(backend, network, stimulus, "in a simulator built after others were closed")
