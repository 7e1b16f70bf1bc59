"""idx files are read as MNIST's description has them, from bytes written by hand."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from snn import checking
from snn.errors import DataError
from snn.readers.idx import Idx

from .formats import idx

BYTES = range(0, 240, 20)
PIXELS = np.arange(0, 240, 20).reshape(3, 2, 2)


def mnist(folder, stem, labels=(7, 0, 9), suffix=""):
    idx(0x08, (len(labels),), labels, folder / f"{stem}-labels-idx1-ubyte{suffix}")
    return idx(0x08, (3, 2, 2), BYTES, folder / f"{stem}-images-idx3-ubyte{suffix}")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_images_come_with_the_labels_beside_them(tmp_path, suffix):
    found = Idx().read(mnist(tmp_path, "t10k", suffix=suffix))
    assert (len(found), found.shape) == (3, (2, 2))
    np.testing.assert_allclose(found.samples, PIXELS / 255, rtol=1e-6)
    assert found.labels.tolist() == [7, 0, 9]


def test_bytes_are_divided_by_what_is_set(tmp_path):
    np.testing.assert_array_equal(Idx(divisor=20.0).read(mnist(tmp_path, "t10k")).samples, PIXELS / 20)


def test_of_a_folder_tests_are_samples_and_training_is_for_calibration(tmp_path):
    mnist(tmp_path, "t10k", (1, 1, 1))
    mnist(tmp_path, "train", (2, 2, 2))
    assert Idx().accepts(tmp_path)
    assert Idx().read(tmp_path).labels.tolist() == [1, 1, 1]
    calibration = Idx().read(tmp_path, calibration=True)
    assert calibration.labels.tolist() == [-1, -1, -1]
    assert Idx().read_training(tmp_path).labels.tolist() == [2, 2, 2]
    mnist(tmp_path, "test")
    with pytest.raises(DataError, match=r"several files of images: t10k-images.*, test-images"):
        Idx().read(tmp_path)


@pytest.mark.parametrize(
    ("code", "kind", "values"),
    [
        (0x09, "b", (-3, 7)),
        (0x0B, "h", (-300, 7)),
        (0x0C, "i", (1 << 20, -7)),
        (0x0D, "f", (0.5, -2)),
        (0x0E, "d", (0.1, 9)),
    ],
)
def test_other_numbers_are_big_endian_and_taken_as_they_are(tmp_path, code, kind, values):
    path = idx(code, (2, 1), struct.pack(f">2{kind}", *values), tmp_path / "a.idx")
    found = Idx().read(path)
    np.testing.assert_array_equal(found.samples[:, 0], np.array(values, found.samples.dtype))
    assert found.labels.tolist() == [-1, -1]


def test_labels_may_be_in_a_file_of_any_name(tmp_path):
    path = idx(0x08, (2, 1), [1, 2], tmp_path / "a.idx")
    idx(0x08, (2,), [4, 5], tmp_path / "classes.idx")
    assert Idx(labels="classes.idx").read(path).labels.tolist() == [4, 5]
    idx(0x08, (3,), [4, 5, 6], tmp_path / "classes.idx")
    with pytest.raises(DataError, match=r"classes\.idx has shape \(3,\); there are 2 samples"):
        Idx(labels="classes.idx").read(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cut short"),
        (b"\0\0\x08", "cut short"),
        (b"\0\0\x08\x03\0\0\0\x01", "cut short"),
        (b"\0\1\x08\x01\0\0\0\0", "does not begin as an idx file"),
        (b"\0\0\x0a\x01\0\0\0\0", "does not begin as an idx file"),
        (b"\0\0\x08\x00", "does not begin as an idx file"),
        (b"\0\0\x08\xff" + bytes(1020), "does not begin as an idx file"),
        (b"\0\0\x08\x02\0\0\0\x02\0\0\0\x02abc", r"11|15 bytes do not hold an array of shape \(2, 2\)"),
        (b"\0\0\x08\x02\0\0\0\x02\0\0\0\x02abcde", "bytes do not hold"),
        (b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "bytes do not hold"),
        (b"\0\0\x08\x02\0\0\0\0\0\0\0\x02", r"samples have shape \(0, 2\)"),
    ],
)
def test_damaged_headers_are_told(tmp_path, content, told):
    (tmp_path / "a-ubyte").write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        Idx().read(tmp_path / "a-ubyte")
    assert "a-ubyte" in str(caught.value)
    assert caught.value.hint


def test_gzipped_file_that_claims_more_than_it_holds_is_told_when_that_is_read(tmp_path):
    content = b"\0\0\x08\x02" + struct.pack(">II", 10, 4) + bytes(18)
    (tmp_path / "a-ubyte.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match="is cut short after sample 3"):
        checking.check(Idx().read(tmp_path / "a-ubyte.gz"))
    (tmp_path / "a-ubyte.gz").write_bytes(gzip.compress(content)[:-12])
    with pytest.raises(DataError, match=r"a-ubyte\.gz"):
        checking.check(Idx().read(tmp_path / "a-ubyte.gz"))


MNIST = Path(__file__).parents[4] / "shared" / "data" / "mnist.npz"


@pytest.mark.skipif(not MNIST.is_file(), reason="MNIST is not in ../shared/data")
def test_mnist_written_as_idx_is_mnist(tmp_path):
    with np.load(MNIST) as archive:
        x, y = archive["x_test"], archive["y_test"]
    idx(0x08, x.shape, x.tobytes(), tmp_path / "t10k-images-idx3-ubyte.gz")
    idx(0x08, y.shape, y.tobytes(), tmp_path / "t10k-labels-idx1-ubyte.gz")
    found = Idx().read(tmp_path)
    np.testing.assert_array_equal(found.labels, y)
    for start, part in found.batches(1000):
        np.testing.assert_array_equal(part, x[start : start + 1000].astype(np.float32) / np.float32(255))
