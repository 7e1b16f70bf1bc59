"""Samples and their labels, and the files they are kept in."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import ConversionWarning, DataError
from .layers import Affine, BatchNorm
from .network import Array, Network, Shape
from .npz import open_archive
from .progress import Progress, Tell, say_nothing

_MOST_CLASSES = 2**31  # more than any network has, and still whole in every kind of float
_KEYS = ("x", "y", "arr_0")
UNKNOWN = -1  # the label of a sample whose class is not known


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with their labels, which can be read again and again.

    Attributes
    ----------
    samples : ndarray, (n, *shape)
    labels : ndarray of int, (n,)
        The right class of each sample; -1 where unknown.
    name : str
        Where they come from, for messages.
    """

    samples: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64]
    name: str = "data"

    def __post_init__(self) -> None:
        for name, kinds in (("samples", "fiub"), ("labels", "iu")):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
                raise DataError(f"{self.name}: {name} are no array of numbers; snn.dataset.from_arrays makes them one")
        if self.labels.shape != self.samples.shape[:1]:
            raise DataError(f"{self.name}: {len(self.samples)} samples, but labels of shape {self.labels.shape}")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return self.samples.shape[1:]

    def first(self, count: int | None) -> Dataset:
        """Return the first ``count`` samples, or all."""
        return self if count is None else Dataset(self.samples[:count], self.labels[:count], self.name)

    def batches(self, size: int) -> Iterator[tuple[int, Array]]:
        """Yield, for consecutive parts of at most ``size`` samples, the number of the first and the part as float32."""
        for start in range(0, len(self), size):
            yield start, np.ascontiguousarray(self.samples[start : start + size], np.float32)


def read(path: Path, *, calibration: bool = False) -> Dataset:
    """Read a data set: a ``.npz`` with ``x`` and ``y``, or a folder as the ancestor keeps it.

    A folder holds x_test.npz and y_test.npz or, for calibration, x_norm.npz, with the key ``arr_0``.  Labels are class
    numbers (n,) or one-hot (n, classes); without them every label is -1.

    Raises
    ------
    DataError
        The file is missing or damaged, or its arrays do not go together.
    """
    try:
        folder = path.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        raise DataError(f"{path} cannot be read: {error}") from error
    if folder:
        samples, labels = _read_folder(path, calibration=calibration)
    else:
        arrays, names = _arrays(path)
        key = next((key for key in ("x", "arr_0") if key in arrays), None)
        if key is None:
            raise DataError(
                f"{path} has no array 'x'; it holds {', '.join(names) or 'nothing'}",
                hint="save it with numpy.savez(path, x=samples, y=labels)",
            )
        samples, labels = arrays[key], None if calibration else arrays.get("y")
    return from_arrays(samples, labels, str(path))


def from_arrays(
    samples: npt.NDArray[np.generic], labels: npt.NDArray[np.generic] | None, name: str = "data"
) -> Dataset:
    """Return a data set of samples (n, *shape) and labels: class numbers (n,), one-hot (n, classes) or None.

    Raises
    ------
    DataError
        The arrays do not go together, or hold what is not a finite number.
    """
    if samples.ndim < 2 or not len(samples) or samples.dtype.kind not in "fiub":
        raise DataError(
            f"{name}: samples have shape {samples.shape} and type {samples.dtype}; needed: numbers, (n, *shape)",
            hint="the first axis is the number of samples",
        )
    _check_finite(samples, name)
    return Dataset(samples, _class_numbers(labels, len(samples), name), name)


def fit(data: Dataset, network: Network, tell: Tell = say_nothing) -> Dataset:
    """Return ``data`` with its samples in the shape of the network's input.

    Samples of the source framework's shape (`Input.layout`) are transposed, and that is told; samples of the
    network's shape are taken as they are; where both fit, the source's wins.

    Raises
    ------
    DataError
        The samples have another shape, or a label is no class of the network.
    """
    if not len(data):
        raise DataError(f"{data.name}: there are no samples")
    _check_finite(data.samples, data.name)
    entry = network.input
    shape, layout = network.shapes[entry.name], tuple(getattr(entry, "layout", ()))
    source = tuple(getattr(entry, "source_shape", shape))
    samples = data.samples
    if data.shape == source and layout not in ((), tuple(range(len(shape)))):
        samples = samples.transpose(0, *(axis + 1 for axis in layout))
        tell(
            Progress(
                "read", note=f"{data.name}: samples {source} are in the source's axis order; transposed to {shape}"
            )
        )
    elif data.shape != shape:
        wanted = f"{shape}" if source == shape else f"{source} (as the source has it) or {shape} (channels first)"
        raise DataError(
            f"{data.name}: samples have shape {data.shape}; layer {entry.name!r} takes {wanted}",
            hint="reshape the samples; the first axis is the number of samples and does not count",
        )
    if samples.dtype.kind in "iu" and len(samples) and samples.max() > 1 and not _scales_input(network):
        warnings.warn(
            f"{data.name}: samples are whole numbers up to {samples.max()}, taken as they are; divide them if the "
            "network was trained on values from 0 to 1, or give them as floating-point numbers if it was not",
            ConversionWarning,
            stacklevel=2,
        )
    classes = int(np.prod(network.shapes[network.output.name]))
    wrong = np.flatnonzero((data.labels < UNKNOWN) | (data.labels >= classes))
    if len(wrong):
        raise DataError(
            f"{data.name}: label {data.labels[wrong[0]]} of sample {wrong[0]} is no class of the network, "
            f"which has {classes} (0 to {classes - 1}); labels out of range: {len(wrong)}",
            hint="labels are class numbers from 0, or one-hot; -1 stands for unknown",
        )
    return Dataset(samples, data.labels, data.name)


def _scales_input(network: Network) -> bool:
    """Return whether the network brings its input to scale itself, as with a Rescaling layer."""
    parsed = network.analog.get("parsed", network)
    readers = parsed.readers(parsed.input.name)
    return all(isinstance(layer, (Affine, BatchNorm)) for layer in readers)


def _read_folder(path: Path, *, calibration: bool) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic] | None]:
    names = ("x_norm.npz",) if calibration else ("x_test.npz", "y_test.npz")
    found = []
    for name in names:
        arrays, held = _arrays(path / name)
        if "arr_0" not in arrays:
            raise DataError(f"{path / name} has no array 'arr_0'; it holds {', '.join(held) or 'nothing'}")
        found.append(arrays["arr_0"])
    return found[0], (None if calibration else found[1])


def _arrays(path: Path) -> tuple[Mapping[str, npt.NDArray[np.generic]], tuple[str, ...]]:
    """Return the arrays of the file ``path`` that a data set is made of, and the names of all."""
    if not path.exists():
        raise DataError(
            f"{path} does not exist", hint="give a .npz with x and y, or a folder with x_test.npz and y_test.npz"
        )
    try:
        with open_archive(path) as archive:
            return {name: archive.array(name) for name in archive.arrays if name in _KEYS}, archive.arrays
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {error}", hint="save it with numpy.savez(path, x=samples, y=labels)"
        ) from error


def _class_numbers(labels: npt.NDArray[np.generic] | None, count: int, name: str) -> npt.NDArray[np.int64]:
    if labels is None:
        return np.full(count, UNKNOWN, np.int64)
    if labels.shape[:1] != (count,):
        raise DataError(f"{name}: {count} samples, but labels of shape {labels.shape}")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iufb":
        raise DataError(f"{name}: labels have type {labels.dtype}; needed: class numbers or one-hot")
    if labels.ndim == 2:
        hot = (labels == 1).sum(axis=1)
        bad = np.flatnonzero((hot != 1) | ((labels != 0).sum(axis=1) != 1))
        if len(bad):
            raise DataError(f"{name}: the label of sample {bad[0]} is not one-hot: {labels[bad[0]]}")
        return np.asarray(labels.argmax(axis=1), np.int64)
    if labels.ndim != 1:
        raise DataError(f"{name}: labels have shape {labels.shape}; needed: (n,) or (n, classes)")
    numbers = labels.astype(np.float64)
    bad = np.flatnonzero(~(np.abs(numbers) < _MOST_CLASSES) | (numbers != np.floor(numbers)))
    if len(bad):
        raise DataError(f"{name}: the label of sample {bad[0]} is {labels[bad[0]]}, not a class number")
    return numbers.astype(np.int64)


def _check_finite(samples: npt.NDArray[np.generic], name: str) -> None:
    if samples.dtype.kind == "f":
        most = np.abs(samples).reshape(len(samples), -1).max(axis=1, initial=0)
        bad = np.flatnonzero(~(most <= np.finfo(np.float32).max))
        if len(bad):
            raise DataError(
                f"{name}: sample {bad[0]} has values that are not finite, or too large; such samples: {len(bad)}",
                hint="leave them out",
            )
