"""From the files of a Caffe model to a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PureWindowsPath

from snn.errors import ParseError
from snn.network import Network
from snn.reading import check_regular

from .caffemodel import read_caffemodel, read_mean
from .definition import Definition, read_definition
from .finding import SUFFIXES, find, find_weights
from .graph import read_graph
from .preprocessing import read_preprocessing
from .prototxt import read_prototxt
from .translate import needs_weights, translate
from .weight import Weight, Weights
from .wishes import Wishes

_HDF5 = b"\x89HDF\r\n\x1a\n"


def read(path: Path, wishes: Wishes) -> Network:
    """Return the network that the prototxt ``path`` describes."""
    used: list[str] = []

    @contextmanager
    def open_weights() -> Iterator[Weights]:
        file = find_weights(path, wishes.weights)
        used.append(file.name)
        with _opened(file) as weights:
            yield weights

    def find_mean(named: str) -> tuple[str, Weight | None]:
        file = _mean_file(path, wishes, named)
        if file is None:
            return "", None
        with _blamed(file):
            return file.name, read_mean(file)

    network = translate(_definition(path), wishes, open_weights, find_mean)
    origin = f"parsed from {path.name} by caffe frontend"
    weights = [f"weights from {name}" for name in used]
    return dataclasses.replace(network, provenance=(origin, *weights, *network.provenance))


def files(path: Path, wishes: Wishes) -> tuple[Path, ...]:
    """Return the files that `read` would read: the prototxt, that with the weights, and a mean image."""
    graph = read_graph(_definition(path), wishes.output)
    named = read_preprocessing(graph.calls[0]).mean_file
    mean = _mean_file(path, wishes, named) if wishes.preprocessing else None
    weights = [find_weights(path, wishes.weights)] if any(needs_weights(call) for call in graph.calls) else []
    return (path, *weights, *([] if mean is None else [mean]))


def _definition(path: Path) -> Definition:
    if path.name.lower().endswith(SUFFIXES):
        raise ParseError(
            "this holds weights, without the network",
            hint="give the .prototxt that describes the network; the weights beside it are found, or named with --set "
            "frontend.caffe.weights=FILE",
        )
    return read_definition(read_prototxt(path))


def _mean_file(path: Path, wishes: Wishes, named: str) -> Path | None:
    """Return the mean image: the one that is set, or the one that is ``named``, which is looked for beside ``path``."""
    if wishes.mean:
        return find(path, wishes.mean, "mean image")
    if not named:
        return None
    file = path.absolute().parent / PureWindowsPath(named).name  # knows both kinds of slash
    if not file.is_file():
        raise ParseError(
            f"its mean image {named!r:.200} is not beside it",
            hint="put it there, or name it: --set frontend.caffe.mean=FILE; for samples from which it has been "
            "subtracted already: --set frontend.caffe.preprocessing=false",
        )
    return file


@contextmanager
def _opened(file: Path) -> Iterator[Weights]:
    with ExitStack() as stack:
        with _blamed(file):
            if _is_hdf5(file):
                from .hdf5_weights import open_hdf5  # noqa: PLC0415  brings h5py, which most models do not need

                weights = stack.enter_context(open_hdf5(file))
            else:
                weights = read_caffemodel(file)
        yield weights


def _is_hdf5(path: Path) -> bool:
    """Return whether the file ``path`` begins as HDF5 does."""
    try:
        check_regular(path)
        with path.open("rb") as stream:
            return stream.read(len(_HDF5)) == _HDF5
    except OSError as error:
        raise ParseError(f"cannot be opened: {error.strerror or error}", hint="is the path right?") from error


@contextmanager
def _blamed(file: Path) -> Iterator[None]:
    """Let errors that come from reading ``file`` name it."""
    try:
        yield
    except ParseError as error:
        raise ParseError(f"{file.name}: {error}", hint=error.hint) from error.__cause__
