"""Images, a file a sample: folders by class, or a list with labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from ..dataset import Dataset
from ..errors import DataError
from ..network import Array, Shape
from ..npz import single
from ..reader import Reader
from ..reading import check_regular
from ..settings import PositiveFloat, PositiveInt
from ..sources import Numbers, Source
from .listing import holds, listing, lists

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # none that runs a program of the file's
_PIXELS = 2**26  # of one image; a file of a few bytes can claim any number
_HINT = "is it a whole image?"


@dataclass(frozen=True)
class Images(Reader):
    """Reads images, a folder a class or with a file of labels; each value is (pixel / divisor - mean) / deviation.

    Samples are channels-first, (channels, height, width). An image is first scaled, then cut to its middle. All must
    have one shape in the end, which is that of the first.
    """

    name: ClassVar[str] = "images"
    requires: ClassVar[tuple[str, ...]] = ("PIL: snn-core[images]",)
    suffixes: ClassVar[tuple[str, ...]] = (
        ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
    )  # fmt: skip

    labels: Annotated[str, Meta(description="A file with a line FILE,CLASS for each image, from the folder on.")] = ""
    classes: Annotated[tuple[str, ...], Meta(description="The classes in order; by default that of the alphabet.")] = ()
    colour: Annotated[bool, Meta(description="Three channels; false: one, of grey.")] = True
    bgr: Annotated[bool, Meta(description="Blue before red, as Caffe has it.")] = False
    shorter: Annotated[PositiveInt | None, Meta(description="Scale the shorter side to so many pixels.")] = None
    resize: Annotated[tuple[PositiveInt, PositiveInt] | None, Meta(description="Scale to this width and height.")] = (
        None
    )
    crop: Annotated[
        tuple[PositiveInt, PositiveInt] | None, Meta(description="Then keep the middle of this width and height.")
    ] = None
    divisor: Annotated[PositiveFloat, Meta(description="What pixels, 0 to 255, are divided by.")] = 255.0
    mean: Annotated[tuple[float, ...], Meta(description="Subtracted then: a number, or one a channel.")] = ()
    mean_file: Annotated[
        str, Meta(description="Or an array of the shape of a sample: a .npy or .npz, from the folder on.")
    ] = ""
    deviation: Annotated[
        tuple[PositiveFloat, ...], Meta(description="Divided by in the end: a number, or one a channel.")
    ] = ()

    def __post_init__(self) -> None:
        """Raise ValueError where settings do not go together."""
        super().__post_init__()
        for name in ("mean", "deviation"):
            if len(getattr(self, name)) not in (0, 1, self.channels):
                raise ValueError(f"{name}: {self.channels} channels need 1 or {self.channels} numbers")
        for one, other in (("mean", "mean_file"), ("shorter", "resize")):
            if getattr(self, one) and getattr(self, other):
                raise ValueError(f"{one} and {other}: give one of them")

    @property
    def channels(self) -> int:
        """The number of channels of a sample."""
        return 3 if self.colour else 1

    def accepts(self, path: Path) -> bool:
        if path.is_dir():
            return holds(path, self.suffixes)
        return super().accepts(path) or lists(path, self.suffixes)

    def read(self, path: Path, *, calibration: bool = False) -> Dataset:
        found = listing(path, self.suffixes, self.labels, self.classes)
        folder = path if path.is_dir() else path.parent
        mean = _array(folder / self.mean_file) if self.mean_file else _by_channel(self.mean, 0)
        return Dataset(_Files(self, found.paths, mean), found.labels, str(path))


class _Files(Source):
    """Images in files, decoded when they are asked for."""

    def __init__(self, settings: Images, paths: tuple[Path, ...], mean: Array) -> None:
        self._settings, self._paths, self._mean = settings, paths, mean
        self._deviation = _by_channel(settings.deviation, 1)
        self._shape = self._first()

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def shape(self) -> Shape:
        return self._shape

    def _first(self) -> Shape:
        """Return the shape of the first image that can be read."""
        fault = None
        for path in self._paths:
            try:
                shape = _pixels(self._settings, path).shape
            except DataError as error:
                fault = fault or error
                continue
            if not _fits(self._mean.shape, shape):
                told = f"{self._settings.mean_file}: the mean has shape {self._mean.shape}"
                raise DataError(f"{told}; the images have {shape}", hint="channels come first")
            return shape
        raise fault or DataError("there are no images")

    def read(self, rows: Numbers) -> Array:
        found = np.empty((len(rows), *self._shape), np.float32)
        divisor = np.float32(self._settings.divisor)
        for place, row in enumerate(rows):
            values = _pixels(self._settings, self._paths[row])
            if values.shape != self._shape:
                raise DataError(
                    f"{self._paths[row]} has shape {values.shape}; the first image has {self._shape}",
                    hint="set reader.images.resize or crop",
                )
            found[place] = (values / divisor - self._mean) / self._deviation
        return found


def _pixels(settings: Images, path: Path) -> Array:
    """Return the image in the file ``path``, scaled and cut, (channels, height, width), from 0 to 255."""
    try:
        check_regular(path)
        values = _decoded(settings, path)
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise DataError(f"{path} cannot be read: {error or type(error).__name__}", hint=_HINT) from error
    channels = values.transpose(2, 0, 1) if settings.colour else values[np.newaxis]
    return channels[::-1] if settings.bgr and settings.colour else channels


def _decoded(settings: Images, path: Path) -> Array:
    from PIL import Image  # noqa: PLC0415  an extra

    with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
        width, height = image.size
        if width * height > _PIXELS:
            raise ValueError(f"it has {width} x {height} pixels; more than {_PIXELS} are not read")
        if image.mode[0] in "IF":
            raise ValueError("it has more than 8 bits a pixel and channel")
        whole = image.convert("RGB" if settings.colour else "L")
    return np.asarray(_cut(settings, _scaled(settings, whole)), np.float32)


def _scaled(settings: Images, image: Any) -> Any:
    from PIL import Image  # noqa: PLC0415  an extra

    size = settings.resize
    if settings.shorter is not None:
        scale = settings.shorter / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
    if size is None:
        return image
    if size[0] * size[1] > _PIXELS:
        raise ValueError(f"scaled, it has {size[0]} x {size[1]} pixels; more than {_PIXELS} are not made")
    return image.resize(size, Image.Resampling.BILINEAR)


def _cut(settings: Images, image: Any) -> Any:
    if settings.crop is None:
        return image
    width, height = settings.crop
    if width > image.width or height > image.height:
        raise ValueError(f"its {image.width} x {image.height} pixels are fewer than the {width} x {height} to keep")
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _fits(part: Shape, whole: Shape) -> bool:
    """Return whether an array of shape ``part`` can be taken off one of shape ``whole``."""
    try:
        return np.broadcast_shapes(part, whole) == whole
    except ValueError:
        return False


def _by_channel(numbers: tuple[float, ...], otherwise: float) -> Array:
    return np.array(numbers or (otherwise,), np.float32).reshape(-1, 1, 1)


def _array(path: Path) -> Array:
    """Return the mean image in the file ``path``."""
    try:
        return np.asarray(single(path), np.float32)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="save it with numpy.save(path, mean)") from error
