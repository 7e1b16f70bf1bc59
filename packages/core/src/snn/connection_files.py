"""Keep the synapses of a network as text, a file a connection, and read them again.

A folder holds, for one network and one kind of input, ``connections.json`` and the files that it lists. Those of
connections are what PyNN's ``FromFileConnector`` reads: a row a synapse, of pre, post, weight and delay. Those of
biases have a row a neuron, of its number and what it gets per millisecond without input and spikes.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
import numpy as np

from . import storage, synapse_tables, writing
from .connections import Connection, connections, drive, is_node
from .errors import NetworkError, OutputError
from .network import Array, Network
from .reading import check_regular

SCHEMA = 1
MANIFEST = "connections.json"
_MANIFEST_BYTES = 2**26
_BIASES = "biases"
_AGAIN = "delete the folder, so that it is written again, or name another"

Delays: TypeAlias = Callable[[Sequence[Connection]], Sequence[float]]
"""Gives the delay of each connection in milliseconds."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What one folder holds.

    Attributes
    ----------
    connections : tuple of Connection
    delays_ms : tuple of float
        Of each connection.
    files : tuple of Path
        Of each connection.
    biases : dict of layer name to Path
    """

    connections: tuple[Connection, ...]
    delays_ms: tuple[float, ...]
    files: tuple[Path, ...]
    biases: dict[str, Path]


def save(
    folder: Path, network: Network, ways: Sequence[Connection], *, entry: bool, delays_ms: Sequence[float] = ()
) -> None:
    """Write ``ways`` and the biases of ``network`` to ``folder``, which is there whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist, or be empty.
    network : Network
    ways : sequence of Connection
        What `snn.connections.connections` gives.
    entry : bool
        Whether the input is a node among them.
    delays_ms : sequence of float
        Of each connection; none for 0.

    Raises
    ------
    OutputError
        The folder cannot be written.
    NetworkError
        A weight is no finite number.
    """
    if wrong := next((way for way in ways if not np.isfinite(way.weight).all()), None):
        raise NetworkError(f"a weight from layer {wrong.source!r} to {wrong.target!r} is no finite number")
    delays = [float(delay) for delay in delays_ms] or [0.0] * len(ways)
    delayed, fixed = list(zip(ways, delays, strict=True)), _biases(network)
    wired, biased = [], []
    with _made(folder) as partial:
        for number, (way, delay) in enumerate(delayed, 1):
            name = _file(number, way.source, way.target)
            sha256 = synapse_tables.write_synapses(partial / name, way, delay)
            wired.append(_Wires(name, way.source, way.target, len(way.pre), delay, sha256))
        for number, (layer, values) in enumerate(fixed.items(), 1):
            name = _file(number, layer, _BIASES)
            biased.append(_Biases(name, layer, values.size, synapse_tables.write_biases(partial / name, values)))
        manifest = _Manifest(SCHEMA, storage.digest(network), _kind(entry=entry), tuple(wired), tuple(biased))
        (partial / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="ascii")


def load(folder: Path, network: Network, *, entry: bool) -> Kept:
    """Return what `save` has written to ``folder`` for ``network``, with or without its input as a node.

    Nothing is taken on trust: not that the files are those that were written, nor that they say what can be.

    Raises
    ------
    NetworkError
        It is of another network or kind of input, is missing, was changed, or is not what `save` writes.
    """
    manifest = _manifest(folder)
    if manifest.network != storage.digest(network):
        raise NetworkError(f"{folder} holds the connections of another network", hint=_AGAIN)
    if manifest.input != _kind(entry=entry):
        raise NetworkError(f"{folder} holds the connections for an input of {manifest.input}", hint=_AGAIN)
    with _told(folder / MANIFEST):
        sizes = _sizes(network, manifest)
    found = []
    for record, size in zip(manifest.connections, sizes, strict=True):
        path = folder / record.file
        with _told(path):
            synapse_tables.check(path, record.sha256)
            ends = record.source, record.target
            found.append(synapse_tables.read_synapses(path, record.synapses, size, ends, record.delay_ms))
    for biases in manifest.biases:
        with _told(folder / biases.file):
            synapse_tables.check(folder / biases.file, biases.sha256)
    return Kept(
        tuple(found),
        tuple(record.delay_ms for record in manifest.connections),
        tuple(folder / record.file for record in manifest.connections),
        {record.layer: folder / record.file for record in manifest.biases},
    )


def kept_or_made(
    folder: Path, network: Network, *, entry: bool, delays: Delays | None = None
) -> tuple[tuple[Connection, ...], str]:
    """Return the connections that ``folder`` keeps, or work them out and keep them; and a line that tells which.

    They are in a folder within it, ``spikes`` with ``entry`` and ``current`` without. Where ``delays`` are given, those
    kept must be the same; else they are not looked at.
    """
    place = folder / _kind(entry=entry)
    if _there(place):
        kept = load(place, network, entry=entry)
        if delays is not None and kept.delays_ms != tuple(map(float, delays(kept.connections))):
            raise NetworkError(f"{place} holds connections with other delays", hint=_AGAIN)
        return kept.connections, f"connections loaded from {place}"
    ways = connections(network, entry=entry)
    try:
        save(place, network, ways, entry=entry, delays_ms=() if delays is None else delays(ways))
    except OutputError:
        if not _there(place):  # else another process has kept them meanwhile
            raise
    return ways, f"connections saved to {place}"


@dataclass(frozen=True)
class _Wires:
    file: str
    source: str
    target: str
    synapses: Annotated[int, msgspec.Meta(ge=0)]
    delay_ms: Annotated[float, msgspec.Meta(ge=0)]
    sha256: str


@dataclass(frozen=True)
class _Biases:
    file: str
    layer: str
    neurons: Annotated[int, msgspec.Meta(ge=0)]
    sha256: str


@dataclass(frozen=True)
class _Manifest:
    schema: int
    network: str
    input: Literal["current", "spikes"]
    connections: tuple[_Wires, ...]
    biases: tuple[_Biases, ...]


def _kind(*, entry: bool) -> Literal["current", "spikes"]:
    return "spikes" if entry else "current"


def _file(number: int, *words: str) -> str:
    """Return a name that any file system takes; the number keeps those apart that would be the same."""
    plain = [re.sub(r"[^A-Za-z0-9]+", "_", word)[:40] for word in words]
    return "-".join([f"{number:04d}", *plain]) + ".txt"


def _there(folder: Path) -> bool:
    try:
        return folder.exists()
    except (OSError, ValueError):  # a name that is none; who writes to it tells
        return False


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Yield a new folder that takes the place of ``folder`` at the end; after an error nothing of it is left."""
    folder = folder.absolute()
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        above = [place for place in folder.parents if not place.exists()]
        try:
            partial.mkdir(parents=True)
            yield partial
            partial.replace(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            with contextlib.suppress(OSError):  # somebody else has put something there
                for place in above:
                    place.rmdir()
            raise
    except (OSError, ValueError) as error:  # a name with a null character, or of what is no text
        raise writing.unwritable(folder, error if isinstance(error, OSError) else OSError(str(error))) from error


def _biases(network: Network) -> dict[str, Array]:
    """Return what each neuron gets per millisecond without input and spikes, (neurons,) by layer."""
    nothing = np.zeros((1, *network.shapes[network.input.name]), np.float32)
    return {name: given.ravel() for name, given in drive(network, nothing).items()}


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what is wrong with the file ``path`` as one line."""
    try:
        yield
    except OSError as error:
        raise NetworkError(f"{path} cannot be read: {error.strerror or error}", hint=_AGAIN) from error
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise NetworkError(f"{path} is no file of connections: {line:.300}", hint=_AGAIN) from error


def _manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    with _told(path):
        check_regular(path, _MANIFEST_BYTES)
        raw = msgspec.json.decode(path.read_bytes())
        schema = raw.get("schema") if isinstance(raw, dict) else None
        if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
            raise ValueError(f"schema {schema!r} is none")
        if schema > SCHEMA:
            raise NetworkError(
                f"{path} has schema {schema}; this version reads up to {SCHEMA}", hint="upgrade snn-core"
            )
        return msgspec.convert(raw, _Manifest)


def _sizes(network: Network, manifest: _Manifest) -> list[tuple[int, int]]:
    """Return how many elements each connection goes from and to; ValueError where there can be no such connection.

    Names of files are known by their places, so that none leads out of the folder.
    """
    places = {layer.name: place for place, layer in enumerate(network.layers) if is_node(layer)}
    seen: set[tuple[str, str]] = set()
    sizes = []
    for number, wires in enumerate(manifest.connections, 1):
        ends = wires.source, wires.target
        if not set(ends) <= set(places) or places[ends[0]] >= places[ends[1]] or ends in seen:
            raise ValueError(f"the network has no connection {number} from {ends[0]!r} to {ends[1]!r}")
        seen.add(ends)
        pre, post = (math.prod(network.shapes[name]) for name in ends)
        if wires.synapses > pre * post:
            raise ValueError(f"{wires.synapses} synapses from {pre} to {post} elements are too many")
        sizes.append((pre, post))
    named = [(record.file, _file(number, *ends)) for number, record, ends in _listed(manifest)]
    if wrong := next((given for given, due in named if given != due), None):
        raise ValueError(f"{wrong!r} is no name of a file that belongs here")
    return sizes


def _listed(manifest: _Manifest) -> Iterator[tuple[int, _Wires | _Biases, tuple[str, str]]]:
    for number, wires in enumerate(manifest.connections, 1):
        yield number, wires, (wires.source, wires.target)
    for number, biases in enumerate(manifest.biases, 1):
        yield number, biases, (biases.layer, _BIASES)
