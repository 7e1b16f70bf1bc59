"""Recordings of event cameras are read from bytes written by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from snn import checking
from snn.errors import ConversionWarning, DataError
from snn.readers.aedat import Aedat
from snn.readers.nmnist import Nmnist

from . import formats

lz4 = pytest.importorskip("lz4.frame")
zstandard = pytest.importorskip("zstandard")

# the first event of the file 60001.bs2 in SLAYER's sample of N-MNIST, and one at each edge
FIRST = [(33, 0, 1, 937), (0, 33, 0, 2**20 + 3), (1, 2, 1, 2**23 - 1)]


def decoded(reader, path, content):
    path.write_bytes(content)
    found = reader.decode(path)
    return list(zip(found.x.tolist(), found.y.tolist(), found.polarity.tolist(), found.time_us.tolist(), strict=True))


def test_event_of_nmnist_has_forty_bits(tmp_path):
    assert formats.nmnist([(33, 1, 1, 937)]) == bytes([33, 1, 0x80, 0x03, 0xA9])
    assert decoded(Nmnist(), tmp_path / "1.bin", formats.nmnist(FIRST)) == FIRST


def test_row_240_moves_the_time_of_what_follows(tmp_path):
    events = [(1, 1, 1, 10), (0, 240, 0, 0), (2, 2, 0, 11), (9, 240, 1, 7), (3, 3, 1, 12)]
    found = decoded(Nmnist(), tmp_path / "1.bin", formats.nmnist(events))
    assert found == [(1, 1, 1, 10), (2, 2, 0, 11 + 8192), (3, 3, 1, 12 + 16384)]


def test_nmnist_of_part_of_an_event_or_of_none_is_told(tmp_path):
    for content, told in ((b"1234", "4 bytes are no whole number of events"), (b"", "it is empty")):
        (tmp_path / "1.bs2").write_bytes(content)
        with pytest.raises(DataError, match=rf"1\.bs2 cannot be read: .*{told}") as caught:
            checking.check(Nmnist().read(tmp_path / "1.bs2"))
        assert caught.value.hint


def test_folder_of_nmnist_has_a_frame_of_two_channels_a_file(tmp_path):
    for name, events in (("3/a.bin", FIRST), ("1/b.bin", FIRST[:1] * 4 + FIRST[1:])):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(formats.nmnist(events))
    found = Nmnist().read(tmp_path)
    assert (found.shape, found.timed, sorted(found.labels.tolist())) == ((2, 34, 34), True, [1, 3])
    samples = found.samples[found.labels.argsort()]
    expected = np.zeros((2, 34, 34))
    expected[1, 0, 33], expected[0, 33, 0], expected[1, 2, 1] = 1, 0.25, 0.25
    np.testing.assert_array_equal(samples[0], expected)


def test_events_outside_the_sensor_are_left_out_with_a_warning(tmp_path):
    (tmp_path / "1.bin").write_bytes(formats.nmnist([(1, 1, 1, 5), (34, 1, 1, 6), (1, 99, 1, 7), (2, 2, 0, 8)]))
    with pytest.warns(ConversionWarning, match=r"2 events \(50 %\)"):
        checked = checking.check(Nmnist().read(tmp_path / "1.bin"))
    assert checked.samples.sum() == 2


def test_recordings_are_cut_into_samples_of_so_many_events(tmp_path):
    for name, count in (("0/a.bin", 5), ("1/b.bin", 4), ("2/c.bin", 1)):
        (tmp_path / name).parent.mkdir()
        events = [(number, 0, 1, 100 * number) for number in range(count)]
        (tmp_path / name).write_bytes(formats.nmnist(events))
    found = Nmnist(events_per_sample=2, frames="rectified_sum").read(tmp_path)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 2]
    where = [np.flatnonzero(sample).tolist() for sample in found.samples.reshape(6, -1)]
    assert where == [[0, 1], [2, 3], [4], [0, 1], [2, 3], [0]]
    assert [events.ticks for events in found.events(0, 6)] == [101, 101, 1, 101, 101, 1]


def test_damaged_recording_among_those_that_are_cut_is_one_bad_sample(tmp_path):
    for name, content in (("a.bin", formats.nmnist(FIRST)), ("b.bin", b"123"), ("c.bin", formats.nmnist(FIRST[:1]))):
        (tmp_path / name).write_bytes(content)
    found = Nmnist(events_per_sample=2).read(tmp_path)
    assert len(found) == 4
    with pytest.warns(ConversionWarning, match=r"1 of 4 samples are bad and left out: .*b\.bin cannot be read"):
        assert checking.check(found, skip_bad=True).numbers.tolist() == [0, 1, 3]


DAVIS = [(239, 179, 1, 7), (0, 0, 0, 8), (5, 100, 1, 9)]


def test_aedat_2_of_a_davis_has_addresses_in_its_bits(tmp_path):
    # y 179 from bit 22, x 239 from bit 12, brighter in bit 11: 0x2CC00000 + 0x000EF000 + 0x800
    assert formats.aedat2(DAVIS[:1], b"") == bytes.fromhex("2ccef800 00000007")
    assert decoded(Aedat(), tmp_path / "a.aedat", formats.aedat2(DAVIS)) == DAVIS
    assert Aedat().decode(tmp_path / "a.aedat").sensor == (240, 180)


def test_frames_inertial_data_and_triggers_of_a_davis_are_left_out(tmp_path):
    others = struct.pack(">Ii", 0x80000000 | 5 << 12, 1) + struct.pack(">Ii", 0x400 | 5 << 12, 2)
    assert decoded(Aedat(), tmp_path / "a.aedat", formats.aedat2(DAVIS) + others) == DAVIS


def test_time_that_goes_round_goes_on(tmp_path):
    events = [(1, 1, 1, 2**31 - 1), (1, 1, 1, -(2**31)), (1, 1, 1, -(2**31) + 5)]
    found = decoded(Aedat(), tmp_path / "a.aedat", formats.aedat2(events))
    assert [time for *_, time in found] == [2**31 - 1, 2**31, 2**31 + 5]


def test_aedat_1_is_of_a_dvs128(tmp_path):
    events = [(127, 3, 1, 7), (0, 127, 0, 9)]
    assert formats.aedat1(events[:1]) == bytes.fromhex("03ff 00000007")
    assert decoded(Aedat(), tmp_path / "a.aedat", formats.aedat1(events)) == events
    assert decoded(Aedat(), tmp_path / "b.aedat", b"#!AER-DAT1.0\r\n" + formats.aedat1(events)) == events
    trigger = struct.pack(">Hi", 0x8000, 8)
    assert decoded(Aedat(), tmp_path / "c.aedat", formats.aedat1(events) + trigger) == events


def test_aedat_2_names_its_camera_or_the_settings_do(tmp_path):
    body = struct.pack(">Ii", 3 << 8 | 127 << 1 | 1, 7)
    header = b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n#End Of ASCII Header\r\n"
    assert decoded(Aedat(), tmp_path / "a.aedat", header + body) == [(127, 3, 1, 7)]
    assert decoded(Aedat(camera="dvs128"), tmp_path / "b.aedat", b"#!AER-DAT2.0\r\n" + body) == [(127, 3, 1, 7)]


def test_first_event_that_looks_like_a_line_is_an_event(tmp_path):
    event = [(0x230, 0x23 << 1, 1, 0x0A0D0A0D)]  # its first byte is that of #
    content = formats.aedat2(event)
    assert content[-8:-7] == b"\x11"
    shifted = formats.aedat2([(1, 142, 1, 5)])
    assert shifted[-8:-7] == b"#"
    assert decoded(Aedat(), tmp_path / "a.aedat", shifted) == [(1, 142, 1, 5)]


def test_versions_that_are_not_read_and_cut_files_are_told(tmp_path):
    for content, told in (
        (b"#!AER-DAT3.1\r\n#Format: RAW\r\n", "version 3 of AEDAT"),
        (formats.aedat2(DAVIS)[:-3], "21 bytes of events are no whole number of events of 8"),
        (b"", "it is empty"),
    ):
        (tmp_path / "a.aedat").write_bytes(content)
        with pytest.raises(DataError, match=told):
            Aedat().read(tmp_path / "a.aedat")


DV = [(1, 2, 1, 1000), (3, 4, 0, 1005), (5, 0, 1, 1010)]
PACK = {
    0: bytes,
    1: lz4.compress,
    2: lambda plain: lz4.compress(plain, compression_level=9),
    3: zstandard.ZstdCompressor().compress,
    4: zstandard.ZstdCompressor(level=19).compress,
}


@pytest.mark.parametrize("compression", PACK)
def test_aedat_4_is_read_with_every_compression(tmp_path, compression):
    packets = [
        (0, formats.event_packet(DV[:2])),
        (1, formats.event_packet([], b"FRME")),
        (0, formats.event_packet(DV[2:])),
    ]
    content = formats.aedat4(packets, compression, PACK[compression])
    assert decoded(Aedat(), tmp_path / "a.aedat4", content) == DV
    assert Aedat().read(tmp_path / "a.aedat4").shape == (2, 5, 6)


def test_packets_end_where_the_table_begins(tmp_path):
    plain = formats.aedat4([(0, formats.event_packet(DV))])
    content = formats.aedat4([(0, formats.event_packet(DV))], table=len(plain)) + b"a table of packets"
    assert decoded(Aedat(), tmp_path / "a.aedat4", content) == DV


def test_several_streams_of_events_want_a_choice(tmp_path):
    content = formats.aedat4([(0, formats.event_packet(DV[:1])), (2, formats.event_packet(DV[1:]))])
    (tmp_path / "a.aedat4").write_bytes(content)
    with pytest.raises(DataError, match=r"several streams of events, 0, 2: set reader\.aedat\.stream"):
        Aedat().read(tmp_path / "a.aedat4")
    assert decoded(Aedat(stream=2), tmp_path / "a.aedat4", content) == DV[1:]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (formats.aedat4([(0, formats.event_packet(DV))])[:-1], "packet at byte .* is cut short"),
        (formats.aedat4([]), "it has no events"),
        (formats.aedat4([(0, formats.event_packet(DV))], size=None), "does not tell the size of the sensor"),
        (formats.aedat4([(0, formats.event_packet(DV))], compression=9), "compression 9 is not known"),
        (formats.aedat4([(0, formats.event_packet(DV))], compression=1), "a packet cannot be unpacked"),
        (formats.aedat4([(0, formats.event_packet(DV))], compression=3), "a packet cannot be unpacked"),
        (formats.aedat4([(0, formats.event_packet(DV))], 1, lambda p: lz4.compress(p)[:-6]), "a packet is cut short"),
        (formats.aedat4([(0, formats.event_packet(DV)[:-16])]), "claims 3 events"),
        (formats.aedat4([(0, formats.event_packet(DV))], table=10**9), "table of packets is said to begin"),
        (b"#!AER-DAT4.1\r\n" + bytes(50), "not that of version 4.0"),
        (b"#!AER-DAT4.0\r\n\xff\xff\xff\xff" + bytes(50), "header is cut short"),
    ],
)
def test_damaged_aedat_4_is_told(tmp_path, content, told):
    (tmp_path / "a.aedat4").write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        checking.check(Aedat().read(tmp_path / "a.aedat4"))
    assert "a.aedat4" in str(caught.value)


SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "nmnist-small.tar.xz"


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample of N-MNIST is not in ../shared/data")
def test_sample_of_nmnist_is_read_and_balanced_in_time(tmp_path):
    import tarfile

    with tarfile.open(SAMPLE) as archive:
        names = [f"NMNISTsmall/{name}" for name in ("60001.bs2", "60002.bs2", "60003.bs2", "test100.txt")]
        for name in names:
            (tmp_path / Path(name).name).write_bytes(archive.extractfile(name).read())
    (tmp_path / "labels.txt").write_text("".join((tmp_path / "test100.txt").read_text().splitlines(keepends=True)[:4]))
    found = checking.check(Nmnist().read(tmp_path))
    assert found.labels.tolist() == [7, 2, 1]
    for events, path in zip(found.events(0, 3), ("60001", "60002", "60003"), strict=True):
        content = np.fromfile(tmp_path / f"{path}.bs2", np.uint8).reshape(-1, 5)
        assert len(events.time) == len(content)
        assert 290_000 < events.ticks < 320_000, "three saccades of 100 ms"
