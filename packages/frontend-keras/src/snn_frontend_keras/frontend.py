"""The frontend ``keras``: model files of Keras 2 and 3, and live models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from snn.errors import ParseError, UnsupportedLayer
from snn.network import Network
from snn.parsing import Frontend


@dataclass(frozen=True)
class Keras(Frontend):
    """Reads Sequential and functional models of Keras 2 and 3, from ``.keras`` and ``.h5`` files, or live."""

    name: ClassVar[str] = "keras"
    suffixes: ClassVar[tuple[str, ...]] = (".keras", ".h5", ".hdf5")

    def accepts(self, source: object) -> bool:
        """Return whether ``source`` is a path with one of the suffixes, or a model of Keras."""
        return super().accepts(source) or _is_model(source)

    def parse(self, source: Path | object) -> Network:
        """Return the network in ``source``, channels-first, nothing simplified."""
        from .reading import read_file, read_live  # noqa: PLC0415  brings h5py, which listing frontends does not need

        label = source.name if isinstance(source, Path) else f"model {getattr(source, 'name', '')!r}"
        try:
            if isinstance(source, Path):
                return read_file(source)
            if _is_model(source):
                return read_live(source, f"parsed from live {label} by keras frontend")
        except (ParseError, UnsupportedLayer) as error:
            raise type(error)(f"{label}: {error}", hint=error.hint) from error.__cause__
        raise ParseError(
            f"a {type(source).__name__} is neither a pathlib.Path nor a model of Keras",
            hint="pass Path('model.keras') or the model",
        )


def _is_model(source: object) -> bool:
    """Tell by the names of its classes, so that no framework is imported."""
    return any(
        kind.__name__ == "Model"
        and (kind.__module__.split(".")[0] in ("keras", "tf_keras") or ".keras." in kind.__module__)
        for kind in type(source).__mro__
    )
