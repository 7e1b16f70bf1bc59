"""Whatever is in a data file, a reader gives samples or DataError, soon and with little memory."""

from __future__ import annotations

import gzip
import io
import struct
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snn import checking, npz
from snn.errors import ConversionWarning, DataError
from snn.readers.aedat import Aedat
from snn.readers.idx import Idx
from snn.readers.images import Images
from snn.readers.nmnist import Nmnist
from snn.readers.npz import Npz
from snn.readers.spikes import Spikes

from . import formats
from .test_damage import bounded
from .test_spike_files import TRAINS, lists

lz4 = pytest.importorskip("lz4.frame")
zstandard = pytest.importorskip("zstandard")
Image = pytest.importorskip("PIL.Image")

EVENTS = [(1, 2, 1, 10), (1, 2, 1, 20), (3, 0, 0, 30)]
PACKETS = [(0, formats.event_packet(EVENTS)), (0, formats.event_packet(EVENTS[:1]))]
MEGABYTE = 2**20


def archived(save, **arrays):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def pictured(kind):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)).save(buffer, kind)
    return buffer.getvalue()


IDX = struct.pack(">HBBII", 0, 8, 2, 3, 4) + bytes(range(12))
WHOLE = {
    "a.npz": (Npz(), archived(np.savez, x=np.zeros((2, 3), np.float32), y=np.array([0, 1]))),
    "b.npz": (Npz(), archived(np.savez_compressed, x=np.arange(600.0).reshape(200, 3))),
    "a-ubyte": (Idx(), IDX),
    "a-ubyte.gz": (Idx(), gzip.compress(IDX)),
    "a.bin": (Nmnist(), formats.nmnist(EVENTS)),
    "b.bin": (Nmnist(events_per_sample=2, size=(9, 9), three_sigma=True), formats.nmnist(EVENTS)),
    "a.aedat": (Aedat(), formats.aedat2(EVENTS)),
    "b.aedat": (Aedat(), formats.aedat1(EVENTS)),
    "a.aedat4": (Aedat(), formats.aedat4(PACKETS, size=(4, 3))),
    "b.aedat4": (Aedat(), formats.aedat4(PACKETS, 1, lz4.compress)),
    "c.aedat4": (Aedat(), formats.aedat4(PACKETS, 3, zstandard.ZstdCompressor().compress)),
    "a.spikes.npz": (Spikes(), archived(np.savez, spikes=TRAINS)),
    "b.spikes.npz": (Spikes(), archived(np.savez, **lists())),
    "a.png": (Images(), pictured("PNG")),
    "a.jpg": (Images(), pictured("JPEG")),
    "a.gif": (Images(), pictured("GIF")),
    "a.tiff": (Images(), pictured("TIFF")),
    "a.bmp": (Images(), pictured("BMP")),
    "a.webp": (Images(), pictured("WEBP")),
}


def survives(reader, path, content):
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # decoders' own, and events outside of the sensor
        try:
            data = checking.check(reader.read(path))
        except DataError as error:
            assert path.name in str(error)  # noqa: PT017  most damage is met, but not all
            assert error.hint  # noqa: PT017
        else:
            assert np.isfinite(data.samples).all()


@pytest.mark.parametrize("held", [2**26, 0])
@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_byte_may_be_wrong(tmp_path_factory, name, held, data):
    reader, content = WHOLE[name]
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(damaged) - 1, 0)))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "remove", "number"])):
            case "flip" if damaged:
                damaged[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del damaged[at:]
            case "insert":
                damaged[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case "remove":
                del damaged[at : at + 8]
            case "number":
                damaged[at : at + 4] = struct.pack(
                    "<I", data.draw(st.sampled_from([0, 1, 2**16, 2**31 - 1, 2**32 - 1]))
                )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npz, "HELD", held)
        survives(reader, tmp_path_factory.getbasetemp() / name, bytes(damaged))


@pytest.mark.parametrize("name", [name for name in WHOLE if not name.endswith(("npz", "gz"))])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(content=st.binary(max_size=200))
def test_anything_may_stand_after_the_first_bytes(tmp_path_factory, name, content):
    reader, whole = WHOLE[name]
    survives(reader, tmp_path_factory.getbasetemp() / name, whole[:18] + content)
    survives(reader, tmp_path_factory.getbasetemp() / name, content)


@pytest.mark.parametrize("compression", [1, 3])
def test_packets_that_unpack_to_more_than_they_may_are_refused(tmp_path, compression):
    pack = lz4.compress if compression == 1 else zstandard.ZstdCompressor().compress
    content = formats.aedat4([(0, bytes(600 * MEGABYTE))], compression, pack)
    assert len(content) < 4 * MEGABYTE
    (tmp_path / "a.aedat4").write_bytes(content)
    with bounded(extra=900 * MEGABYTE), pytest.raises(DataError, match="more than 268435456 bytes"):
        Aedat().read(tmp_path / "a.aedat4")


def test_idx_that_claims_billions_takes_no_memory_for_them(tmp_path):
    (tmp_path / "a-ubyte.gz").write_bytes(gzip.compress(struct.pack(">HBBII", 0, 8, 2, 2**32 - 1, 1) + bytes(99)))
    with bounded(extra=2**28), pytest.raises(DataError, match="claims 4294967295 samples"):
        Idx().read(tmp_path / "a-ubyte.gz")
    (tmp_path / "a-ubyte.gz").write_bytes(gzip.compress(struct.pack(">HBBII", 0, 8, 2, 3, 2**32 - 1) + bytes(99)))
    with bounded(extra=2**28), pytest.raises(DataError, match="more than 268435456 are not read"):
        Idx().read(tmp_path / "a-ubyte.gz")


@pytest.mark.parametrize(
    "reader", [Npz(), Idx(), Nmnist(), Aedat(), Spikes(), Images()], ids=lambda reader: reader.name
)
def test_only_files_are_read(tmp_path, reader):
    import os

    path = tmp_path / f"pipe{reader.suffixes[0]}"
    os.mkfifo(path)
    with bounded(seconds=2), pytest.raises(DataError, match="it is no regular file"):
        checking.check(reader.read(path))


def test_sensor_of_any_size_is_refused_where_a_frame_would_not_fit(tmp_path):
    path = tmp_path / "a.aedat4"
    path.write_bytes(formats.aedat4(PACKETS, size=(99_999, 99_999)))
    with bounded(extra=2**28), pytest.raises(DataError, match="a frame would have 2 x 99999 x 99999 values"):
        Aedat().read(path)


def test_events_of_all_time_are_refused(tmp_path):
    events = [(1, 1, 1, -(2**63)), (1, 1, 1, 2**63 - 1)]
    (tmp_path / "a.aedat4").write_bytes(formats.aedat4([(0, formats.event_packet(events))]))
    with pytest.raises(DataError, match="times"):
        checking.check(Aedat().read(tmp_path / "a.aedat4"))


def test_warnings_of_events_outside_do_not_hide_what_is_inside(tmp_path):
    (tmp_path / "a.bin").write_bytes(formats.nmnist([*EVENTS, (200, 200, 1, 5)]))
    with pytest.warns(ConversionWarning, match="1 events"):
        assert checking.check(Nmnist().read(tmp_path / "a.bin")).samples.sum() == 1.5
