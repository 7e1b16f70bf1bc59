"""Bring samples into the shape of a network's input, and see that their labels are its classes."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from .checking import check
from .dataset import Dataset, View
from .errors import ConversionWarning, DataError
from .labels import UNKNOWN
from .layers import Affine, BatchNorm
from .network import Network, Shape
from .progress import Progress, Tell, say_nothing


def fit(data: Dataset, network: Network, tell: Tell = say_nothing, *, skip_bad: bool = False) -> Dataset:
    """Return ``data``, checked, with its samples in the shape of the network's input (`fitted_view`).

    Raises
    ------
    DataError
        The samples have another shape or are bad, or a label is no class of the network.
    """
    view = fitted_view(data, network, tell)
    data = check(data, skip_bad=skip_bad, tell=tell)
    spread = data.spread
    if spread and spread.whole and spread.highest > 1 and not _scales_input(network):
        warnings.warn(
            f"{data.name}: samples are whole numbers up to {spread.highest:g}, taken as they are; divide them if the "
            "network was trained on values from 0 to 1, or give them as floating-point numbers if it was not",
            ConversionWarning,
            stacklevel=2,
        )
    return data.changed(replace(view, numbers=data.numbers))


def fitted_view(data: Dataset, network: Network, tell: Tell = say_nothing) -> View:
    """Return how the samples of ``data``, of which none is read, come into the shape of the network's input.

    Samples of the source framework's shape (`Input.layout`) are transposed, and that is told; samples of the
    network's shape are taken as they are; where both fit, the source's wins. Axes of length 1 are added or left out.

    Raises
    ------
    DataError
        The samples have another shape, or a label is no class of the network.
    """
    if not len(data):
        raise DataError(f"{data.name}: there are no samples")
    _check_labels(data, network)
    entry = network.input
    shape, layout = network.shapes[entry.name], tuple(getattr(entry, "layout", ()))
    source = tuple(getattr(entry, "source_shape", shape))
    if data.shape == source and layout not in ((), tuple(range(len(shape)))):
        told = f"samples {source} are in the source's axis order; transposed to {shape}"
        tell(Progress("read", note=f"{data.name}: {told}"))
        return data.view.transposed(layout)
    if data.shape == shape:
        return data.view
    if _long(data.shape) == _long(shape):
        tell(Progress("read", note=f"{data.name}: samples {data.shape} are given the shape {shape}"))
        return replace(data.view, form=shape)
    wanted = f"{shape}" if source == shape else f"{source} (as the source has it) or {shape} (channels first)"
    raise DataError(
        f"{data.name}: samples have shape {data.shape}; layer {entry.name!r} takes {wanted}",
        hint="reshape the samples; the first axis is the number of samples and does not count",
    )


def _long(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _check_labels(data: Dataset, network: Network) -> None:
    classes = int(np.prod(network.shapes[network.output.name]))
    wrong = np.flatnonzero((data.labels < UNKNOWN) | (data.labels >= classes))
    if len(wrong):
        raise DataError(
            f"{data.name}: label {data.labels[wrong[0]]} of sample {data.numbers[wrong[0]]} is no class of the "
            f"network, which has {classes} (0 to {classes - 1}); labels out of range: {len(wrong)}",
            hint="labels are class numbers from 0, or one-hot; -1 stands for unknown",
        )


def _scales_input(network: Network) -> bool:
    """Return whether the network brings its input to scale itself, as with a Rescaling layer."""
    parsed = network.analog.get("parsed", network)
    readers = parsed.readers(parsed.input.name)
    return all(isinstance(layer, (Affine, BatchNorm)) for layer in readers)
