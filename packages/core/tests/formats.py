"""Writes data files byte by byte, from the descriptions of their formats, without what reads them."""

from __future__ import annotations

import gzip
import struct


def idx(code, shape, values, path):
    """Write an idx file; ``values`` are its bytes."""
    content = struct.pack(">HBB", 0, code, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + bytes(values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def nmnist(events):
    """Return N-MNIST events of ``(x, y, polarity, µs)``: 8, 8, 1 and 23 bits."""
    return b"".join((x << 32 | y << 24 | p << 23 | t).to_bytes(5, "big") for x, y, p, t in events)


def aedat2(events, header=b"#!AER-DAT2.0\r\n# written by hand\r\n"):
    """Return an AEDAT 2 file of DAVIS events ``(x, y, polarity, µs)``: y 9 bits from 22, x 10 from 12, polarity 11."""
    return header + b"".join(struct.pack(">Ii", y << 22 | x << 12 | p << 11, t) for x, y, p, t in events)


def aedat1(events):
    """Return an AEDAT 1 file of DVS128 events ``(x, y, polarity, µs)``: y 7 bits from 8, x 7 from 1, polarity 0."""
    return b"".join(struct.pack(">Hi", y << 8 | x << 1 | p, t) for x, y, p, t in events)


def event_packet(events, identifier=b"EVTS"):
    """Return a flatbuffer with its size: a table whose only field is a vector of structs (time, x, y, on)."""
    vector = struct.pack("<I", len(events)) + b"".join(struct.pack("<qhh?xxx", t, x, y, p) for x, y, p, t in events)
    vtable = struct.pack("<HHHxx", 6, 8, 4)
    buffer = struct.pack("<I", 16) + identifier + vtable + struct.pack("<iI", 8, 4) + vector
    return struct.pack("<I", len(buffer)) + buffer


XML = '<attr key="sizeX" type="int">{}</attr><attr key="sizeY" type="int">{}</attr>'


def aedat4(packets, compression=0, pack=bytes, size=(6, 5), table=-1):
    """Return an AEDAT 4 file of ``packets``: pairs of a stream and a flatbuffer, each of which ``pack`` compresses."""
    info = XML.format(*size).encode() if size else b""
    vtable = struct.pack("<HHHHHxx", 10, 20, 4, 8, 16)
    fields = struct.pack("<iiqI", 12, compression, table, 4)
    header = struct.pack("<I", 20) + b"IOHE" + vtable + fields + struct.pack("<I", len(info)) + info + b"\0"
    body = b"".join(struct.pack("<ii", stream, len(pack(one))) + pack(one) for stream, one in packets)
    return b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(header)) + header + body
