"""AEDAT 4: packets, each compressed on its own, of which those of events are read.

A file is a line of text, a header and packets. The header and what packets unpack to are flatbuffers with their size in
front: tables whose fields are found through offsets, each of which is checked here to stay inside.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import PluginError
from ..eventframes import Addresses

_LINE = b"#!AER-DAT4.0\r\n"
_NONE, _LZ4, _ZSTD = (0,), (1, 2), (3, 4)  # compressions; the second of a pair is the slower to write
_LARGEST = 2**28  # bytes of an unpacked packet
_EVENT = np.dtype(
    {"names": ["t", "x", "y", "on"], "formats": ["<i8", "<i2", "<i2", "u1"], "offsets": [0, 8, 10, 12], "itemsize": 16}
)
_SIZE = re.compile(rb'key="size([XY])"[^<>]*>\s*(\d{1,5})\s*<')


def decode(content: bytes, sensor: tuple[int, int] | None, stream: int | None, longest: int) -> Addresses:
    """Return the events of the only stream of events, or of ``stream``; raise ValueError where they are damaged.

    ``longest`` is how many bytes all packets may unpack to.
    """
    compression, end, info, start = _header(content)
    found: dict[int, list[Any]] = {}
    total = 0
    for number, packet in _packets(content, start, end):
        if stream not in (None, number):
            continue
        plain = _unpacked(packet, compression)
        total += len(plain)
        if total > longest:
            raise ValueError(f"its packets unpack to more than {longest} bytes, which are not read")
        if plain[8:12] == b"EVTS":
            found.setdefault(number, []).append(_events(plain))
    if len(found) > 1:
        numbers = ", ".join(map(str, sorted(found)))
        raise ValueError(f"it has several streams of events, {numbers}: set reader.aedat.stream")
    if not found:
        raise ValueError("it has no events")
    events = np.concatenate(next(iter(found.values())))
    x, y = events["x"].astype(np.int64), events["y"].astype(np.int64)
    return Addresses(events["t"].astype(np.int64), x, y, (events["on"] != 0).astype(np.int64), sensor or _sensor(info))


def _sensor(info: bytes) -> tuple[int, int]:
    """Return the columns and rows that the header names."""
    sizes = {axis: int(size) for axis, size in reversed(_SIZE.findall(info))}
    if len(sizes) != 2 or not all(sizes.values()):
        raise ValueError("its header does not tell the size of the sensor: set reader.aedat.sensor")
    return sizes[b"X"], sizes[b"Y"]


def _header(content: bytes) -> tuple[int, int, bytes, int]:
    """Return the compression, the end of the packets, the description of the streams, and where packets begin."""
    if not content.startswith(_LINE):
        raise ValueError("its first line is not that of version 4.0 of AEDAT")
    (size,) = _values("<I", content, len(_LINE))
    start = len(_LINE) + 4
    header = content[start : start + size]
    if len(header) != size or header[4:8] != b"IOHE":
        raise ValueError("its header is cut short or none")
    place = _field(header, 0, 0)
    compression = _values("<i", header, place)[0] if place else 0
    place = _field(header, 0, 1)
    table = _values("<q", header, place)[0] if place else -1
    place = _field(header, 0, 2)
    info = b""
    if place:
        at = place + _values("<I", header, place)[0]
        info = header[at + 4 : at + 4 + _values("<I", header, at)[0]]
    end = len(content) if table < 0 else table
    if not start + size <= end <= len(content):
        raise ValueError(f"its table of packets is said to begin at byte {table} of {len(content)}")
    return compression, end, info, start + size


def _packets(content: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the stream and the bytes of each packet."""
    while start < end:
        stream, size = _values("<ii", content, start)
        start += 8
        if not 0 <= size <= end - start:
            raise ValueError(f"the packet at byte {start - 8} is cut short")
        yield stream, content[start : start + size]
        start += size


def _unpacked(packet: bytes, compression: int) -> bytes:
    if compression in _NONE:
        return packet
    if compression in _LZ4:
        lz4 = _module("lz4.frame", "lz4")
        unpacker = lz4.LZ4FrameDecompressor()
        try:
            plain = unpacker.decompress(packet, max_length=_LARGEST)
        except RuntimeError as error:
            raise ValueError(f"a packet cannot be unpacked: {error}") from error
        if not unpacker.eof:
            raise ValueError(f"a packet is cut short, or unpacks to more than {_LARGEST} bytes")
        return bytes(plain)
    if compression in _ZSTD:
        zstandard = _module("zstandard", "zstandard")
        try:
            with zstandard.ZstdDecompressor(max_window_size=_LARGEST).stream_reader(packet) as reader:
                plain = reader.read(_LARGEST + 1)
        except zstandard.ZstdError as error:
            raise ValueError(f"a packet cannot be unpacked: {error}") from error
        if len(plain) > _LARGEST:
            raise ValueError(f"a packet unpacks to more than {_LARGEST} bytes")
        return bytes(plain)
    raise ValueError(f"its compression {compression} is not known")


def _module(name: str, package: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise PluginError(
            f"reader 'aedat' needs {package} for this file", hint="pip install snn-core[aedat]"
        ) from error


def _events(packet: bytes) -> Any:
    """Return the events of a packet, (events,)."""
    place = _field(packet, 4, 0)
    if not place:
        return np.empty(0, _EVENT)
    at = place + _values("<I", packet, place)[0]
    (count,) = _values("<I", packet, at)
    if at + 4 + count * _EVENT.itemsize > len(packet):
        raise ValueError(f"a packet of {len(packet)} bytes claims {count} events")
    return np.frombuffer(packet, _EVENT, count, at + 4)


def _field(buffer: bytes, start: int, number: int) -> int:
    """Return where a field of the root table of the flatbuffer at ``start`` is kept; 0 where it has its default."""
    table = start + _values("<I", buffer, start)[0]
    names = table - _values("<i", buffer, table)[0]
    (length,) = _values("<H", buffer, names)
    if 4 + 2 * number + 2 > length:
        return 0
    (offset,) = _values("<H", buffer, names + 4 + 2 * number)
    return table + offset if offset else 0


def _values(kind: str, buffer: bytes, place: int) -> tuple[int, ...]:
    if not 0 <= place <= len(buffer) - struct.calcsize(kind):
        raise ValueError(f"an offset, {place}, is outside of {len(buffer)} bytes")
    return struct.unpack_from(kind, buffer, place)
