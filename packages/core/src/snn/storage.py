"""The file a network is kept in: a zip of one JSON header and one .npy per array.

``numpy.load`` and ``unzip`` open it without this package; nothing in it is pickled or compressed, and the same
network gives the same bytes on every platform.  `digest` names the content.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from . import layers as _layers
from . import neurons as _neurons
from . import response_neurons as _response_neurons
from . import writing
from .clock import Clock
from .errors import NetworkError
from .network import Array, Layer, Network, Stage
from .neurons import Neuron
from .npz import Archive, open_archive

SCHEMA = 1
SUFFIX = ".snn"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEADER_BYTES = 64 * 2**20
_AGAIN = "write it again with snn parse or snn convert; if it is a model, convert it first"


def _kinds(module: object) -> dict[str, type[Layer]]:
    found = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Layer))
    return {kind.__name__: kind for kind in found if kind not in (Layer, Neuron)}


KINDS: Mapping[str, type[Layer]] = {**_kinds(_layers), **_kinds(_neurons), **_kinds(_response_neurons)}


def save(network: Network, path: Path) -> None:
    """Write ``network`` to ``path``; an earlier file there is replaced in one step, or left as it was.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _write(network, archive, "")
    writing.write(path, buffer.getvalue())


def load(path: Path, kinds: Iterable[type[Neuron]] = ()) -> Network:
    """Read a network; ``kinds`` are the neuron kinds that plugins bring.

    Raises
    ------
    NetworkError
        The file is missing or damaged, newer than this version, or holds a kind of neuron nobody brings.
    """
    known = {**KINDS, **{f"{kind.plugin}:{kind.__name__}": kind for kind in kinds}}
    try:
        with open_archive(path, stored=True) as archive:
            return _read(archive, "", known, path)
    except OSError as error:
        raise NetworkError(f"{path} cannot be read: {error.strerror or error}", hint="is it the right path?") from error
    except (ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise NetworkError(f"{path} is not a whole network file: {error}", hint=_AGAIN) from error
    except NetworkError as error:
        if str(path) in str(error):
            raise
        raise NetworkError(f"{path}: {error}", hint=error.hint or _AGAIN) from error


def digest(network: Network) -> str:
    """Return the SHA-256 of the layers, their arrays, the stage and the clock; equal for equal networks."""
    header, arrays = _split(network)
    del header["provenance"], header["analog"]
    sha = hashlib.sha256(_json(header))
    for array in arrays.values():
        sha.update(array.astype("<f4").tobytes())
    return sha.hexdigest()


def _write(network: Network, archive: zipfile.ZipFile, folder: str) -> None:
    header, arrays = _split(network)
    archive.writestr(zipfile.ZipInfo(f"{folder}network.json", _EPOCH), _json(header))
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array.astype("<f4"), allow_pickle=False)
        archive.writestr(zipfile.ZipInfo(f"{folder}{name}.npy", _EPOCH), buffer.getvalue())
    for stage, earlier in sorted(network.analog.items()):
        _write(earlier, archive, f"{folder}analog/{stage}/")


def _split(network: Network) -> tuple[dict[str, Any], dict[str, Array]]:
    arrays: dict[str, Array] = {}
    records = []
    for index, layer in enumerate(network.layers):
        record: dict[str, Any] = {"kind": layer.kind}
        for field in dataclasses.fields(layer):
            value = getattr(layer, field.name)
            if isinstance(value, np.ndarray):
                # Layer names may hold characters that file names must not; the number keeps entries apart.
                name = f"{index:04d}.{field.name}"
                arrays[name], value = value, {"array": name, "shape": value.shape}
            record[field.name] = value
        records.append(record)
    header = {
        "schema": SCHEMA,
        "stage": network.stage,
        "clock": network.clock and dataclasses.asdict(network.clock),
        "provenance": [line.encode(errors="replace").decode() for line in network.provenance],  # it may name any file
        "analog": sorted(network.analog),
        "layers": records,
    }
    return header, arrays


def _json(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, indent=1).encode()


@dataclasses.dataclass(frozen=True)
class _Header:
    schema: int
    stage: Stage
    clock: Clock | None
    provenance: tuple[str, ...]
    analog: tuple[Stage, ...]
    layers: tuple[dict[str, Any], ...]


def _read(archive: Archive, folder: str, kinds: Mapping[str, type[Layer]], path: Path) -> Network:
    raw = msgspec.json.decode(archive.text(f"{folder}network.json", _HEADER_BYTES))
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ValueError(f"schema {schema!r} is none")
    if schema > SCHEMA:
        raise NetworkError(f"{path} has schema {schema}; this version reads up to {SCHEMA}", hint="upgrade snn-core")
    header = msgspec.convert(raw, _Header)
    analog: dict[str, Network] = {}
    if not folder:  # earlier stages keep no earlier stages of their own
        analog = {stage: _read(archive, f"analog/{stage}/", kinds, path) for stage in dict.fromkeys(header.analog)}
    layers = tuple(_layer(record, archive, folder, kinds) for record in header.layers)
    return Network(layers, header.provenance, header.stage, analog, header.clock)


def _layer(record: dict[str, Any], archive: Archive, folder: str, kinds: Mapping[str, type[Layer]]) -> Layer:
    record = dict(record)
    name, word = record.get("name"), record.pop("kind", None)
    kind = kinds.get(word) if isinstance(word, str) else None
    if kind is None:
        plugin = str(word).partition(":")[0] if ":" in str(word) else ""
        raise NetworkError(
            f"layer {name!r} is of the kind {word!r}, which is not known here",
            hint=f"install the plugin {plugin!r} that brings it" if plugin else "upgrade snn-core",
        )

    if unknown := sorted(set(record) - {field.name for field in dataclasses.fields(kind)}):
        raise ValueError(f"layer {name!r}: a {word} has no field {unknown[0]!r}")

    def array(_: type, reference: Any) -> Array:
        found = archive.array(f"{folder}{reference['array']}")
        if found.dtype != np.dtype("<f4") or list(found.shape) != list(reference["shape"]):
            raise ValueError(
                f"layer {name!r}: array {reference['array']!r} is not float32 of shape {reference['shape']}"
            )
        return found  # type: ignore[return-value]  # checked above

    try:
        return msgspec.convert(record, kind, dec_hook=array)
    except msgspec.ValidationError as error:
        raise ValueError(f"layer {name!r} ({word}): {error}") from error
