"""Arrays larger than memory are read in parts, and give the same as when they are read whole."""

from __future__ import annotations

import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn import checking, npz
from snn.errors import DataError
from snn.readers.npz import Npz
from snn.rows import Rows

from .test_damage import bounded, header_of

X = np.random.default_rng(0).random((50, 3, 4)).astype(">f4")
MEGABYTE = 2**20


@pytest.fixture(autouse=True)
def everything_in_parts(monkeypatch):
    monkeypatch.setattr(npz, "HELD", 0)


def rows_of(path):
    return Npz().read(path).source


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@settings(max_examples=50, deadline=None, derandomize=True)
@given(rows=st.lists(st.integers(0, 49), max_size=12))
def test_any_rows_are_those_of_the_array(tmp_path_factory, save, rows):
    path = tmp_path_factory.mktemp("rows") / "d.npz"
    save(path, other=np.zeros(7), x=X)
    source = rows_of(path)
    assert isinstance(source, Rows)
    assert (len(source), source.shape) == (50, (3, 4))
    for part in (rows, rows[::-1], sorted(rows)):
        np.testing.assert_array_equal(source.read(np.array(part, int)), X[part].reshape(-1, 3, 4))


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_read_too(tmp_path, compression):
    with zipfile.ZipFile(tmp_path / "d.npz", "w", compression) as archive, archive.open("x.npy", "w") as member:
        np.save(member, X)
    np.testing.assert_array_equal(Npz().read(tmp_path / "d.npz").samples, X)


def test_order_of_fortran_is_read_whole(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.asfortranarray(X))
    np.testing.assert_array_equal(Npz().read(tmp_path / "d.npz").samples, X)


def test_file_that_shrinks_is_told_with_the_sample(tmp_path):
    np.savez(tmp_path / "d.npz", x=X)
    data = Npz().read(tmp_path / "d.npz")
    content = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(content[: 300 + 48 * 10])
    with pytest.raises(DataError, match=r"d\.npz: array 'x' is cut short after sample \d") as caught:
        checking.check(data)
    assert caught.value.hint


def test_damage_in_a_compressed_array_is_told_when_it_is_met(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (1000, 1000), np.uint8)
    np.savez_compressed(tmp_path / "d.npz", x=x)
    content = bytearray((tmp_path / "d.npz").read_bytes())
    content[500_000] ^= 255
    (tmp_path / "d.npz").write_bytes(content)
    data = Npz().read(tmp_path / "d.npz")
    np.testing.assert_array_equal(data.part(0, 100), x[:100])
    with pytest.raises(DataError, match=r"d\.npz: array 'x' cannot be read|cut short"):
        for _ in data.batches(100):
            pass


def write(path, compression, shape, parts):
    archive = zipfile.ZipFile(path, "w", compression, compresslevel=1)
    with archive, archive.open("x.npy", "w", force_zip64=True) as member:
        member.write(header_of(shape, "'|u1'"))
        for part in parts:
            member.write(part)


def test_sample_of_a_gigabyte_is_refused_before_memory_is_taken(tmp_path):
    path = tmp_path / "d.npz"
    write(path, zipfile.ZIP_DEFLATED, "(2, 536870912)", (bytes(MEGABYTE) for _ in range(1024)))
    with bounded(extra=2**28), pytest.raises(DataError, match="has 536870912 bytes; more than"):
        Npz().read(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_set_of_half_a_gigabyte_takes_the_memory_of_a_batch(tmp_path, compression):
    path, rows = tmp_path / "large.npz", 2**15
    write(path, compression, f"({rows}, {2**14})", (bytes([row % 256]) * MEGABYTE for row in range(rows // 64)))
    tracemalloc.start()
    try:
        data = checking.check(Npz().read(path))
        seen = sum(float(part[:, 0].sum()) for _, part in data.batches(256))
        assert tracemalloc.get_traced_memory()[1] < 64 * MEGABYTE
    finally:
        tracemalloc.stop()
    assert data.spread.highest == 255
    assert seen == 64 * sum(row % 256 for row in range(rows // 64))
