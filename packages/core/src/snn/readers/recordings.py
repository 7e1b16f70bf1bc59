"""Recordings of event cameras, a file a sample or many: what their readers have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
from msgspec import Meta

from ..dataset import Dataset
from ..errors import DataError
from ..eventframes import Addresses, FrameSettings, Method, input_events
from ..network import Shape
from ..reader import Reader
from ..settings import PositiveFloat, PositiveInt
from ..sources import EventSource, InputEvents, Numbers
from .listing import holds, listing, lists

Decode: TypeAlias = Callable[[Path], Addresses]

LONGEST = 2**31  # bytes of one recording, packed or unpacked
_PIXELS = 2**24  # of a frame
_SPAN_US = 2**40  # of a recording, 12 days


@dataclass(frozen=True)
class RecordingReader(Reader):
    """A reader of recordings: a folder a class, a list, or a single file.

    Each sample is a frame for the analog network, and for the spiking one, with ``simulate.input = "events"``, the
    events themselves.
    """

    labels: Annotated[
        str, Meta(description="A file with a line FILE,CLASS for each recording, from the folder on.")
    ] = ""
    classes: Annotated[tuple[str, ...], Meta(description="The classes in order; by default that of the alphabet.")] = ()
    sensor: Annotated[
        tuple[PositiveInt, PositiveInt] | None,
        Meta(description="Columns and rows of the sensor; by default as the format or the first file has it."),
    ] = None
    frames: Annotated[Method, Meta(description="How events become a frame.")] = "rectified_polarity_channels"
    size: Annotated[
        tuple[PositiveInt, PositiveInt] | None,
        Meta(description="Columns and rows of the frame; by default those of the sensor."),
    ] = None
    x_first: Annotated[bool, Meta(description="Columns before rows.")] = False
    flip_x: Annotated[bool, Meta(description="Turn columns round.")] = False
    flip_y: Annotated[bool, Meta(description="Turn rows round.")] = False
    drop_duplicates: Annotated[
        bool, Meta(description="Take several events of a pixel at the same time for one, as the ancestor did.")
    ] = False
    three_sigma: Annotated[bool, Meta(description="Clip the counts of pixels, as the ancestor did.")] = False
    full: Annotated[
        PositiveFloat | None,
        Meta(description="The count that makes a value of 1; by default the largest of the frame."),
    ] = None
    events_per_sample: Annotated[
        PositiveInt | None, Meta(description="Cut recordings into samples of so many events; by default not at all.")
    ] = None

    def accepts(self, path: Path) -> bool:
        if path.is_dir():
            return holds(path, self.suffixes)
        return super().accepts(path) or lists(path, self.suffixes)

    def read(self, path: Path, *, calibration: bool = False) -> Dataset:
        found = listing(path, self.suffixes, self.labels, self.classes)
        source = Recordings(found.paths, self.decode, self.frame_settings, self.sensor, each=self.events_per_sample)
        return Dataset(source, found.labels[source.files], str(path))

    @property
    def frame_settings(self) -> FrameSettings:
        """How events become a frame."""
        return FrameSettings(
            self.frames,
            self.size,
            self.x_first,
            self.flip_x,
            self.flip_y,
            self.drop_duplicates,
            self.three_sigma,
            self.full,
        )

    @abstractmethod
    def decode(self, path: Path) -> Addresses:
        """Return the events in the file ``path``; raise OSError or ValueError with the reason where it is damaged."""


class Recordings(EventSource):
    """Recordings in files, decoded when they are asked for.

    Parameters
    ----------
    paths : tuple of Path
    decode : function
    settings : FrameSettings
    sensor : (int, int) or None
        None for that of the first recording that can be read.
    each : int or None
        Events in a sample; what is left of a recording is a sample too. None for a sample a recording.

    Attributes
    ----------
    files : ndarray of int, (n,)
        The recording that each sample is from.
    """

    def __init__(
        self,
        paths: tuple[Path, ...],
        decode: Decode,
        settings: FrameSettings,
        sensor: tuple[int, int] | None,
        *,
        each: int | None = None,
    ) -> None:
        self._paths, self._decode, self._settings, self._each = paths, decode, settings, each
        self._sensor = sensor or self._first()
        if prod(self.shape) > _PIXELS:
            told = f"{paths[0]}: a frame would have {' x '.join(map(str, self.shape))} values"
            raise DataError(f"{told}; more than {_PIXELS} are not made", hint="set the sensor or the size of the frame")
        self._last: tuple[int, Addresses, int] | None = None
        if each is None:
            self.files: Numbers = np.arange(len(paths))
            self._parts = np.zeros(len(paths), np.int64)
        else:
            counts = np.array([self._samples_in(file) for file in range(len(paths))])
            self.files = np.repeat(np.arange(len(paths)), counts)
            self._parts = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def shape(self) -> Shape:
        return self._settings.shape(self._sensor)

    def events(self, rows: Numbers) -> tuple[InputEvents, ...]:
        return tuple(self._sample(int(row)) for row in rows)

    def _sample(self, row: int) -> InputEvents:
        whole, outside = self._recording(int(self.files[row]))
        part = int(self._parts[row])
        taken = whole if self._each is None else whole.taken(slice(part * self._each, (part + 1) * self._each))
        return input_events(taken, self._settings, 0 if part else outside)

    def _recording(self, file: int) -> tuple[Addresses, int]:
        """Return the events of a recording, and how many of it are outside the sensor."""
        if self._last is None or self._last[0] != file:
            whole = self._decoded(self._paths[file])
            whole = Addresses(whole.time_us, whole.x, whole.y, whole.polarity, self._sensor)
            inside = whole.inside()
            if not len(inside):
                raise DataError(f"{self._paths[file]} holds no events of the sensor", hint="set the size of the sensor")
            if int(inside.time_us.max()) - int(inside.time_us.min()) > _SPAN_US:
                told = f"{self._paths[file]} cannot be read: its times are more than {_SPAN_US} µs apart"
                raise DataError(told, hint="is it a whole recording?")
            self._last = file, inside, len(whole) - len(inside)
        return self._last[1:]

    def _samples_in(self, file: int) -> int:
        """Return how many samples a recording holds; a damaged one is a sample too, which is told when it is read."""
        try:
            return -(-len(self._recording(file)[0]) // (self._each or 1))
        except DataError:
            return 1

    def _first(self) -> tuple[int, int]:
        fault = None
        for path in self._paths:
            try:
                return self._decoded(path).sensor
            except DataError as error:  # noqa: PERF203  mostly the first can be read
                fault = fault or error
        raise fault or DataError("there are no recordings")

    def _decoded(self, path: Path) -> Addresses:
        try:
            return self._decode(path)
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read: {error}", hint="is it a whole recording?") from error
