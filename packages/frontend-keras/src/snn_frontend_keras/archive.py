"""Open a model file: what it says its layers are, which Keras wrote it, and where its weights are."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py  # type: ignore[import-untyped]
from snn.errors import ParseError
from snn.hdf5 import guarded, text_attribute

from .options import Json

_HDF5 = b"\x89HDF\r\n\x1a\n"
_LARGEST_CONFIG = 2**26
_LARGEST_WEIGHTS = 2**34
_EXPANSION = 1100  # deflate expands 1032 times at most
_WHOLE = "save the whole model: model.save('model.keras')"
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
)


@dataclass(frozen=True)
class Archive:
    """An open model file; ``legacy`` if it is a whole-model HDF5 file, with the weights in group ``root``."""

    config: Json
    version: str
    root: h5py.Group
    legacy: bool


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open ``path``, whatever its suffix: TensorFlow before 2.12 wrote HDF5 under the name ``.keras``."""
    if path.is_dir():
        raise ParseError(
            "this is a folder, not a file",
            hint="a SavedModel holds a TensorFlow graph: load it in Keras and save it as model.save('model.keras')",
        )
    try:
        with path.open("rb") as opened:
            start = opened.read(8)
    except OSError as error:
        raise ParseError(f"cannot be opened: {error.strerror or error}", hint="is the path right?") from error
    if start == _HDF5:
        with guarded("the file"):
            file = h5py.File(path, "r")
        with file:
            with guarded("the file"):
                archive = _legacy(file)
            yield archive
    elif start.startswith(b"PK"):
        yield from _keras(path)
    elif not start:
        raise ParseError("the file is empty", hint="save or copy it again")
    else:
        raise ParseError("this is neither an HDF5 file nor a .keras archive", hint=_WHOLE)


def _legacy(file: h5py.File) -> Archive:
    config = text_attribute(file, "model_config")
    if config is None:
        hint = (
            "this file has weights only; " if "layer_names" in file.attrs or "layers" in file or "vars" in file else ""
        )
        raise ParseError("the file does not say what layers the model has", hint=hint + _WHOLE)
    if "model_weights" not in file:
        raise ParseError("the file has no weights", hint=_WHOLE)
    version = text_attribute(file, "keras_version")
    group = file["model_weights"] if isinstance(file.get("model_weights", getlink=True), h5py.HardLink) else None
    if not isinstance(group, h5py.Group):
        raise ParseError("'model_weights' is not a group", hint=_WHOLE)
    version = version or text_attribute(group, "keras_version") or ""
    if version.split(".")[0] in ("0", "1"):
        raise ParseError(
            f"the file was written by Keras {version}; models of Keras 2 and 3 are read",
            hint="load it in Keras 2, which converts it, and save it again",
        )
    return Archive(load_json(config), version, group, legacy=True)


def _keras(path: Path) -> Iterator[Archive]:
    with _guarded_zip(), zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "config.json" not in names:
            raise ParseError("the archive has no config.json", hint=_WHOLE)
        config = load_json(_member(archive, "config.json", _LARGEST_CONFIG))
        metadata = load_json(_member(archive, "metadata.json", 2**20)) if "metadata.json" in names else {}
        if "model.weights.h5" not in names:
            raise ParseError("the archive has no model.weights.h5", hint=_WHOLE)
        weights = io.BytesIO(_member(archive, "model.weights.h5", _LARGEST_WEIGHTS))
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    with guarded("model.weights.h5"):
        file = h5py.File(weights, "r")
    with file:
        yield Archive(config, version if isinstance(version, str) else "", file, legacy=False)


def load_json(text: str | bytes) -> Json:
    """Return the JSON in ``text``, of a bounded size."""
    if len(text) > _LARGEST_CONFIG:
        raise ParseError(f"the model's description is longer than {_LARGEST_CONFIG:,} bytes")
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(
            f"the model's description is not JSON: {error}", hint="the file is damaged: save or copy it again"
        ) from error
    return value


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > min(largest, 2**20 + _EXPANSION * info.compress_size):
        raise ParseError(
            f"{name} in the archive claims {info.file_size:,} bytes", hint="the file is not one that Keras wrote"
        )
    with archive.open(info) as file:
        return file.read(info.file_size + 1)


@contextmanager
def _guarded_zip() -> Iterator[None]:
    try:
        yield
    except _ZIP_FAULTS as error:
        raise ParseError(
            f"the archive cannot be read: {error}", hint="the file is damaged: save or copy it again"
        ) from error
