"""The file a result is kept in, beside its networks in the run folder, so that it can be told of again.

``result.npz`` is a zip of one JSON header and the arrays, none compressed, none pickled.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from . import storage, writing
from .clock import Clock
from .errors import DataError
from .measures.energy import EnergySettings
from .measures.layer import LayerMeasures
from .network import Network
from .neurons import Neuron
from .npz import open_archive
from .result import Result
from .shown import ShownLayer, ShownSample
from .simulating import Events

NAME = "result.npz"
NETWORK = "4-spiking.snn"  # holds the parsed and the normalised network too
SCHEMA = 1
_HEADER = "result.json"
_HEADER_BYTES = 64 * 2**20
_ARRAYS = ("labels", "analog", "spiking", "operations", "ranks", "analog_ranks", "numbers")
_HINT = "a run folder is what snn run, or snn simulate with --out, has written to the end"


@dataclasses.dataclass(frozen=True)
class _Header:
    """What is no array."""

    schema: int
    name: str
    backend: str
    clock: Clock
    seconds: float
    facts: dict[str, Any]
    analog_operations: int | None
    current: bool
    costs: EnergySettings
    top_k: int
    skipped: int
    tables: dict[str, Any]
    command: str
    layers: list[dict[str, Any]]
    shown: tuple[int, int] | None  # number and place
    shown_layers: list[str]
    not_simulated: str = ""


def save(result: Result, folder: Path) -> None:
    """Write ``result`` to ``folder``; its networks are written by whoever ran it."""
    shown = result.shown
    header = _Header(
        schema=SCHEMA,
        name=result.name,
        backend=result.backend,
        clock=result.clock,
        seconds=result.seconds,
        facts={key: plain(value) for key, value in result.facts.items()},
        analog_operations=result.analog_operations,
        current=result.current,
        costs=result.costs,
        top_k=result.top_k,
        skipped=result.skipped,
        tables=dict(result.tables),
        command=result.command,
        layers=[layer_table(layer) for layer in result.layers],
        shown=None if shown is None else (shown.number, shown.place),
        shown_layers=[] if shown is None else [layer.name for layer in shown.layers],
        not_simulated=result.not_simulated,
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_HEADER, json.dumps(dataclasses.asdict(header)))
        for name, array in _arrays(result).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    writing.write(folder / NAME, buffer.getvalue())


def load(folder: Path, kinds: Iterable[type[Neuron]] = ()) -> Result:
    """Return the result that ``folder`` keeps; ``kinds`` are the neuron kinds that plugins bring.

    Raises
    ------
    DataError
        It is no run folder, the run has not come to its end, or a file in it is damaged.
    NetworkError
        Its network is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        raise DataError(f"{folder} is no run folder: it has no {NAME}", hint=_HINT)
    network = storage.load(folder / NETWORK, kinds)
    try:
        with open_archive(path, stored=True) as archive:
            header = msgspec.json.decode(archive.text(_HEADER, _HEADER_BYTES), type=_Header)
            if header.schema != SCHEMA:
                raise DataError(f"{path} has schema {header.schema}; this version reads {SCHEMA}", hint="upgrade")
            arrays = {name: archive.array(name) for name in archive.arrays}
            return _result(header, arrays, network)
    except (OSError, ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
        raise DataError(f"{path} is no whole result: {error}", hint=_HINT) from error


def layer_table(layer: LayerMeasures) -> dict[str, Any]:
    """Return the measures of a layer as they stand in JSON: everything but the points."""
    table = dataclasses.asdict(dataclasses.replace(layer, points=None))
    del table["points"]
    return table


def plain(value: object) -> object:
    """Return ``value`` as it can stand in JSON, which has no infinity and none of NumPy's numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _arrays(result: Result) -> dict[str, npt.NDArray[Any]]:
    found = {name: getattr(result, name) for name in _ARRAYS}
    arrays = {name: _small(array) for name, array in found.items() if array is not None}
    arrays |= {f"points/{layer.name}": layer.points for layer in result.layers if layer.points is not None}
    if result.shown is None:
        return arrays
    arrays["sample"] = result.shown.sample
    for layer in result.shown.layers:
        for part in ("activation", "value", "potentials"):
            if (array := getattr(layer, part)) is not None:
                arrays[f"{part}/{layer.name}"] = array
        if layer.spikes is not None:
            for part in ("step", "neuron", "sign"):
                arrays[f"{part}/{layer.name}"] = _small(getattr(layer.spikes, part))
    return arrays


def _small(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return whole numbers in the smallest type that holds them."""
    if array.dtype.kind not in "iu" or not array.size:
        return array
    low, high = int(array.min()), int(array.max())
    kinds = (np.dtype(f"{'i' if low < 0 else 'u'}{size}") for size in (1, 2, 4, 8))
    return array.astype(next(kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max))


def _result(header: _Header, arrays: Mapping[str, npt.NDArray[Any]], network: Network) -> Result:
    known: dict[str, Any] = {name: arrays.get(name) for name in _ARRAYS}
    for name in ("labels", "analog", "spiking", "ranks", "analog_ranks", "numbers"):
        known[name] = None if known[name] is None else known[name].astype(np.int64)
    if known["operations"] is not None:
        known["operations"] = known["operations"].astype(np.float64)
    steps = header.clock.steps
    for name in ("spiking", "ranks", "operations"):
        if known[name] is not None and known[name].shape != (steps, len(known["labels"])):
            raise ValueError(f"array {name!r} has shape {known[name].shape}, of {steps} steps")
    layers = [msgspec.convert(layer, LayerMeasures) for layer in header.layers]
    return Result(
        name=header.name,
        backend=header.backend,
        clock=header.clock,
        networks={**network.analog, "spiking": network},
        **known,
        analog_operations=header.analog_operations,
        seconds=header.seconds,
        facts=header.facts,
        layers=tuple(dataclasses.replace(layer, points=arrays.get(f"points/{layer.name}")) for layer in layers),
        current=header.current,
        costs=header.costs,
        shown=None if header.shown is None else _shown(header.shown, header.shown_layers, arrays),
        top_k=header.top_k,
        skipped=header.skipped,
        tables=header.tables,
        command=header.command,
        not_simulated=header.not_simulated,
    )


def _shown(where: tuple[int, int], names: Iterable[str], arrays: Mapping[str, npt.NDArray[Any]]) -> ShownSample:
    layers = []
    for name in names:
        spikes = None
        if f"step/{name}" in arrays:
            step, neuron = (arrays[f"{part}/{name}"].astype(np.int32) for part in ("step", "neuron"))
            spikes = Events(step, np.zeros_like(step), neuron, arrays[f"sign/{name}"].astype(np.int8))
        parts = {part: arrays.get(f"{part}/{name}") for part in ("activation", "value", "potentials")}
        layers.append(ShownLayer(name, spikes=spikes, **parts))
    return ShownSample(*where, arrays["sample"], tuple(layers))
