"""The frontend ``caffe``: a prototxt, with its weights in a file beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta
from snn.errors import ParseError, UnsupportedLayer
from snn.network import Network
from snn.parsing import Frontend
from snn.settings import PositiveInt

from .wishes import Wishes

_HINT = "docs/caffe.md says what is read of Caffe models; does Caffe itself read this one?"


@dataclass(frozen=True)
class Caffe(Frontend):
    """Reads Caffe models: ``.prototxt`` in both notations, with ``.caffemodel`` or ``.caffemodel.h5`` beside it."""

    name: ClassVar[str] = "caffe"
    suffixes: ClassVar[tuple[str, ...]] = (".prototxt", ".caffemodel", ".caffemodel.h5")

    weights: Annotated[
        str, Meta(description="The file with the weights, from the model's folder on; by default the one beside it.")
    ] = ""
    mean: Annotated[
        str, Meta(description="The mean image, a .binaryproto, in place of the one that the prototxt names.")
    ] = ""
    preprocessing: Annotated[
        bool, Meta(description="Make scale and mean of the data layer a layer; false: samples are given so.")
    ] = True
    input_shape: Annotated[
        tuple[PositiveInt, ...], Meta(description="The shape of a sample, where the prototxt does not say it.")
    ] = ()
    output: Annotated[str, Meta(description="The layer or blob that is the result, where there are several.")] = ""

    def __post_init__(self) -> None:
        """Raise ValueError where settings do not go together."""
        super().__post_init__()
        if len(self.input_shape) > 3:
            raise ValueError("input_shape: a sample has at most three axes: channels, height, width")
        if self.mean and not self.preprocessing:
            raise ValueError("mean: without preprocessing there is no use for it")

    def files(self, source: Path) -> tuple[Path, ...]:
        from .reading import files  # noqa: PLC0415  brings protobuf, which listing frontends does not need

        return files(source, self._wishes())

    def parse(self, source: Path | object) -> Network:
        """Return the network that the prototxt ``source`` describes, channels-first, nothing simplified."""
        from .reading import read  # noqa: PLC0415  brings protobuf, which listing frontends does not need

        if not isinstance(source, Path):
            raise ParseError(f"a {type(source).__name__} is no pathlib.Path", hint="pass Path('net.prototxt')")
        try:
            return read(source, self._wishes())
        except (ParseError, UnsupportedLayer) as error:
            hint = _HINT if error.hint == ParseError.usual_hint else error.hint
            raise type(error)(f"{source.name}: {error}", hint=hint) from error.__cause__

    def _wishes(self) -> Wishes:
        return Wishes(self.weights, self.mean, self.preprocessing, self.input_shape, self.output)
