"""AEDAT recordings, as jAER (versions 1 and 2) and DV (version 4) write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from ..eventframes import Addresses
from ..reading import check_regular
from . import aedat4
from .recordings import LONGEST, RecordingReader

_VERSION = re.compile(rb"#!AER-DAT(\d+)\.(\d+)")
_END = b"#End Of ASCII Header"
_LINE = re.compile(rb"#[\t\x20-\x7e\x80-\xff]*\r?\n")
_DAVIS = {"x": (12, 0x3FF), "y": (22, 0x1FF), "polarity": (11, 1)}  # the lowest bit of each, and those it has
_DVS128 = {"x": (1, 0x7F), "y": (8, 0x7F), "polarity": (0, 1)}
_OTHER = {"davis": 0x80000400, "dvs128": 0x8000}  # bits that tell of no pixel


@dataclass(frozen=True)
class Aedat(RecordingReader):
    """Reads AEDAT 1 and 2 of a DAVIS or a DVS128, and AEDAT 4; those with frames or inertial data, for their events.

    Of version 4, packets may be compressed: LZ4 needs the package lz4, ZSTD the package zstandard. The layout of
    addresses in versions 1 and 2 is taken from the header where it names the camera.
    """

    name: ClassVar[str] = "aedat"
    suffixes: ClassVar[tuple[str, ...]] = (".aedat", ".aedat2", ".aedat4")

    camera: Annotated[
        Literal["auto", "davis", "dvs128"],
        Meta(description="The layout of addresses in versions 1 and 2; auto: as the header says, else DAVIS."),
    ] = "auto"
    stream: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="The stream of events in version 4, of several."),
    ] = None

    def decode(self, path: Path) -> Addresses:
        check_regular(path, LONGEST)
        content = path.read_bytes()
        if not content:
            raise ValueError("it is empty")
        version = _VERSION.match(content)
        number = int(version[1]) if version else 1
        if number == 4:
            return aedat4.decode(content, self.sensor, self.stream, LONGEST)
        if number not in (1, 2):
            raise ValueError(f"it is of version {number} of AEDAT, which is not read; DV writes version 4")
        header, start = _header(content)
        return self._decode_addresses(content[start:], header, wide=number == 2)

    def _decode_addresses(self, body: bytes, header: bytes, *, wide: bool) -> Addresses:
        """Return the events in ``body``: pairs of address, of 4 bytes where ``wide``, else of 2, and time."""
        kind = np.dtype([("address", ">u4" if wide else ">u2"), ("time", ">i4")])
        if len(body) % kind.itemsize:
            raise ValueError(f"its {len(body)} bytes of events are no whole number of events of {kind.itemsize}")
        events = np.frombuffer(body, kind)
        camera = self.camera
        if camera == "auto":
            camera = "dvs128" if not wide or b"DVS128" in header else "davis"
        layout, sensor = (_DVS128, (128, 128)) if camera == "dvs128" else (_DAVIS, (240, 180))
        if camera == "davis" and b"346" in _camera(header):
            sensor = (346, 260)
        address = events["address"].astype(np.int64)
        own = address & _OTHER[camera] == 0
        time = _unwrapped(events["time"].astype(np.int64))
        fields = {name: address >> layout[name][0] & layout[name][1] for name in ("x", "y", "polarity")}
        found = Addresses(time, fields["x"], fields["y"], fields["polarity"], self.sensor or sensor)
        return found.taken(own)


def _header(content: bytes) -> tuple[bytes, int]:
    """Return the lines of the header, and the byte at which events begin; a line that is no text is an event."""
    start = 0
    while found := _LINE.match(content, start):
        start = found.end()
        if found[0].startswith(_END):
            break
    return content[:start], start


def _camera(header: bytes) -> bytes:
    found = re.search(rb"AEChip:[^\r\n]*", header)
    return found[0] if found else b""


def _unwrapped(time: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return times of 32 bits that go on where they have gone round."""
    turns = np.diff(time, prepend=time[:1]) < -(2**31)
    return time + 2**32 * turns.cumsum()
