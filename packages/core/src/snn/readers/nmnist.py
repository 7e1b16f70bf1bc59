"""N-MNIST: recordings of an ATIS camera, .bin as published, .bs2 as SLAYER keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..eventframes import Addresses
from ..reading import check_regular
from .recordings import LONGEST, RecordingReader

_BYTES = 5  # of an event
_OVERFLOW_ROW, _OVERFLOW_US = 240, 2**13  # an address no sensor has tells that the clock has gone round


@dataclass(frozen=True)
class Nmnist(RecordingReader):
    """Reads N-MNIST's .bin and SLAYER's .bs2: events of five bytes, column, row, then polarity (1 bit) and µs (23).

    The sensor has 34 by 34 pixels. An event in row 240 is none; it adds 8,192 µs to the time of all that follow
    (Orchard et al. 2015).
    """

    name: ClassVar[str] = "nmnist"
    suffixes: ClassVar[tuple[str, ...]] = (".bin", ".bs2")

    def decode(self, path: Path) -> Addresses:
        check_regular(path, LONGEST)
        content = np.frombuffer(path.read_bytes(), np.uint8)
        if len(content) % _BYTES:
            raise ValueError(f"its {len(content)} bytes are no whole number of events of {_BYTES}")
        if not len(content):
            raise ValueError("it is empty")
        x, y, high, middle, low = content.reshape(-1, _BYTES).astype(np.int64).T
        time = (high & 0x7F) << 16 | middle << 8 | low
        overflow = y == _OVERFLOW_ROW
        time = time + _OVERFLOW_US * overflow.cumsum()
        return Addresses(time, x, y, high >> 7, self.sensor or (34, 34)).taken(~overflow)
