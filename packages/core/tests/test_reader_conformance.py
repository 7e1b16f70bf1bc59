"""Core's readers keep the promises of readers, on data written by hand."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from snn.readers.aedat import Aedat
from snn.readers.idx import Idx
from snn.readers.images import Images
from snn.readers.nmnist import Nmnist
from snn.readers.npz import Npz
from snn.readers.spikes import Spikes
from snn.testing import ReaderSuite

from . import formats
from .test_spike_files import TRAINS, lists

X = np.random.default_rng(0).integers(0, 256, (5, 2, 3), np.uint8)
Y = np.array([3, 0, 1, 2, 2])
UNKNOWN = np.full(5, -1)
EVENTS = [(1, 2, 1, 10), (1, 2, 1, 20), (3, 0, 0, 30)]
FRAME = np.zeros((1, 2, 3, 4), np.float32)
FRAME[0, 1, 2, 1], FRAME[0, 0, 0, 3] = 1, 0.5


@pytest.fixture(scope="module", autouse=True)
def written(tmp_path_factory):
    Image = pytest.importorskip("PIL.Image")
    home = tmp_path_factory.mktemp("conformance")
    np.savez(home / "plain.npz", x=X, y=Y)
    np.savez_compressed(home / "packed.npz", x=X[:, ::-1], y=np.eye(4)[Y])
    np.savez(home / "x_test.npz", arr_0=X / 7)
    np.savez(home / "y_test.npz", arr_0=Y)
    TestNpz.files = {
        "plain": (home / "plain.npz", X, Y),
        "packed": (home / "packed.npz", X[:, ::-1], Y),
        "folder": (home, X / 7, Y),
    }
    folder = home / "idx"
    folder.mkdir()
    file = formats.idx(0x08, X.shape, X.tobytes(), folder / "t10k-images-idx3-ubyte")
    formats.idx(0x08, (5,), Y.tolist(), folder / "t10k-labels-idx1-ubyte")
    (home / "a.idx.gz").write_bytes(gzip.compress(file.read_bytes()))
    TestIdx.files = {
        "folder": (folder, X / 255, Y),
        "file": (file, X / 255, Y),
        "packed": (home / "a.idx.gz", X / 255, UNKNOWN),
    }
    for number, (label, values) in enumerate(zip(Y, X, strict=True)):
        (home / "images" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(home / "images" / str(label) / f"{number}.png")
    order = np.argsort(Y, kind="stable")
    TestImages.files = {
        "folder": (home / "images", X[order, np.newaxis] / 255, Y[order]),
        "file": (home / "images/3/0.png", X[:1, np.newaxis] / 255, UNKNOWN[:1]),
    }
    (home / "recordings/7").mkdir(parents=True)
    (home / "recordings/7/1.bin").write_bytes(formats.nmnist(EVENTS))
    (home / "a.aedat").write_bytes(formats.aedat2(EVENTS))
    (home / "a.aedat4").write_bytes(formats.aedat4([(0, formats.event_packet(EVENTS))], size=(4, 3)))
    TestNmnist.files = {
        "folder": (home / "recordings", FRAME, np.array([7])),
        "file": (home / "recordings/7/1.bin", FRAME, UNKNOWN[:1]),
    }
    TestAedat.files = {"2": (home / "a.aedat", FRAME, UNKNOWN[:1]), "4": (home / "a.aedat4", FRAME, UNKNOWN[:1])}
    np.savez(home / "dense.spikes.npz", spikes=TRAINS)
    np.savez(home / "lists.spikes.npz", **lists(), y=Y[:3])
    TestSpikes.files = {
        "dense": (home / "dense.spikes.npz", TRAINS.sum(axis=1) / 10, UNKNOWN[:3]),
        "lists": (home / "lists.spikes.npz", TRAINS.sum(axis=1) / 10, Y[:3]),
    }


class TestNpz(ReaderSuite):
    reader = Npz()


class TestIdx(ReaderSuite):
    reader = Idx()


class TestImages(ReaderSuite):
    reader = Images(colour=False)


class TestNmnist(ReaderSuite):
    reader = Nmnist(sensor=(4, 3))


class TestAedat(ReaderSuite):
    reader = Aedat(sensor=(4, 3))


class TestSpikes(ReaderSuite):
    reader = Spikes()
