"""What a normaliser promises: other units, the same network."""

from __future__ import annotations

import numpy as np

from .. import analog, storage
from ..errors import DataError
from ..layers import Activation
from ..network import Array, Network
from ..normalising import Normaliser
from . import golden_networks as golden
from .outcome import CannotRun, require, require_installed

_SATURATED = 0.01
_ROUNDING = 1e-5


def _pair(normaliser: Normaliser, network: Network) -> tuple[Network, Array, Array]:
    """Return the normalised network, and the outputs of ``network`` and of it for other samples, (n, classes)."""
    require_installed("normaliser", normaliser)
    normalised = normaliser.normalise(network, golden.data(network))
    samples = golden.data(network, 2 * golden.SAMPLES).samples[golden.SAMPLES :]
    outputs = [
        analog.evaluate(one, np.asarray(samples, np.float32))[one.output.name].reshape(len(samples), -1)
        for one in (network, normalised)
    ]
    return normalised, outputs[0], outputs[1]


def _proportional(normaliser: Normaliser, network: Network) -> None:
    normalised, before, after = _pair(normaliser, network)
    arrays = [value for layer in normalised.layers for value in vars(layer).values() if isinstance(value, np.ndarray)]
    require(all(np.isfinite(array).all() for array in arrays), "weights are not finite")
    factor = float((before * after).sum() / (before * before).sum())
    require(factor > 0, f"the outputs are {factor:g} times what they were")
    np.testing.assert_allclose(
        after, factor * before, rtol=1e-3, atol=1e-4 * float(np.abs(after).max()), err_msg="outputs, but for one factor"
    )


def keeps_the_class(normaliser: Normaliser) -> None:
    """Keep the class of every sample, also of samples it has not seen."""
    for name, make in golden.ALL.items():
        _, before, after = _pair(normaliser, make())
        ranked = np.sort(before, axis=1)
        clear = ranked[:, -1] - ranked[:, -2] > 1e-4 * np.abs(before).max()  # rounding may turn what is all but equal
        np.testing.assert_array_equal(
            after.argmax(axis=1)[clear], before.argmax(axis=1)[clear], err_msg=f"classes of {name!r}"
        )


def keeps_proportions(normaliser: Normaliser) -> None:
    """Multiply the outputs of a network of rectifiers by one positive factor, and do nothing else to them."""
    _proportional(normaliser, golden.dense())
    _proportional(normaliser, golden.convolutions())


def keeps_probabilities(normaliser: Normaliser) -> None:
    """Keep the outputs of a softmax as they are."""
    _, before, after = _pair(normaliser, golden.dense_with_softmax())
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4)


def keeps_values_below_one(normaliser: Normaliser) -> None:
    """Leave at most one in a hundred values of each rectifier above 1 on the calibration samples."""
    require_installed("normaliser", normaliser)
    for name, make in golden.ALL.items():
        network = make()
        data = golden.data(network)
        normalised = normaliser.normalise(network, data)
        rectifiers = [layer.name for layer in normalised.layers if isinstance(layer, Activation)]
        found = analog.evaluate(normalised, np.asarray(data.samples, np.float32), rectifiers)
        for layer in rectifiers:
            above, size = int((found[layer] > 1 + _ROUNDING).sum()), found[layer].size
            require(above <= _SATURATED * size + 1, f"{name!r}: {above} of {size} values of {layer!r} are above 1")


def survives_dead_layers(normaliser: Normaliser) -> None:
    """Keep what follows a rectifier that gives nothing on the calibration samples."""
    _proportional(normaliser, golden.dead())


def scales_sums(normaliser: Normaliser) -> None:
    """Bring branches of different size to one scale where they are added."""
    _proportional(normaliser, golden.residual())


def scales_joined_branches(normaliser: Normaliser) -> None:
    """Take account of the size of each branch where branches are joined."""
    _proportional(normaliser, golden.joined())


def says_what_it_did(normaliser: Normaliser) -> None:
    """Give a network of stage ``normalised`` with a line more in its provenance and the shapes it had."""
    network = golden.dense()
    normalised, _, _ = _pair(normaliser, network)
    require(normalised.stage == "normalised", f"the stage is {normalised.stage}")
    require(len(normalised.provenance) > len(network.provenance), "the provenance says nothing of it")
    for end in ("input", "output"):
        shapes = [one.shapes[getattr(one, end).name] for one in (network, normalised)]
        require(shapes[0] == shapes[1], f"the {end} had shape {shapes[0]} and has {shapes[1]}")


def says_when_it_needs_samples(normaliser: Normaliser) -> None:
    """Do without calibration samples, or raise DataError with a hint."""
    require_installed("normaliser", normaliser)
    try:
        normaliser.normalise(golden.dense(), None)
    except DataError as error:
        require(error.hint, f"there is no hint with the message: {error}")
    except CannotRun:
        raise
    except Exception as error:  # noqa: BLE001  every other exception is the fault looked for
        require(False, f"without samples it raises {type(error).__name__}: {error}")


def repeats_itself(normaliser: Normaliser) -> None:
    """Give the same network for the same network and samples."""
    digests = [storage.digest(_pair(normaliser, golden.convolutions())[0]) for _ in range(2)]
    require(digests[0] == digests[1], "the second network differs from the first")


def leaves_the_network_alone(normaliser: Normaliser) -> None:
    """Change neither the network nor the samples that it is given."""
    require_installed("normaliser", normaliser)
    network = golden.residual()
    data, before = golden.data(network), storage.digest(network)
    samples = data.samples.copy()
    normaliser.normalise(network, data)
    require(storage.digest(network) == before and network.stage == "simplified", "the network is another one")
    np.testing.assert_array_equal(data.samples, samples, err_msg="calibration samples")
