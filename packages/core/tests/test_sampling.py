"""The reader is the one that is named, or the one that accepts the path; several are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import snn
from snn import builtin, run_file, sampling
from snn.errors import DataError, PluginError, SettingsError
from snn.plugins import Plugins
from snn.readers.npz import Npz
from snn.readers.spikes import Spikes

from .formats import idx, nmnist

X = np.arange(12.0).reshape(3, 4)


@dataclass(frozen=True)
class Greedy(Npz):
    """Reads what npz reads."""

    name: ClassVar[str] = "greedy"


@dataclass(frozen=True)
class Missing(Npz):
    """Needs what is not there."""

    name: ClassVar[str] = "missing"
    suffixes: ClassVar[tuple[str, ...]] = (".mis",)
    requires: ClassVar[tuple[str, ...]] = ("no_such_module: snn-missing",)


class Here(Plugins):
    def components(self, kind):
        more = (Greedy, Missing) if kind == "reader" else ()
        return {**super().components(kind), **{component.name: component for component in more}}


def read(path, plugins=None, **data):
    plugins = plugins or Plugins()
    return sampling.read(run_file.build({"data": data}, plugins), path, plugins)


@pytest.fixture
def saved(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=[0, 1, 2])
    return tmp_path / "d.npz"


def test_every_reader_of_core_accepts_its_own_kind_only(tmp_path):
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "x_test.npz", arr_0=X)
    (tmp_path / "idx").mkdir()
    idx(0x08, (1, 1), [1], tmp_path / "idx" / "t10k-images-idx3-ubyte")
    for name, file in (("images", "0/a.png"), ("nmnist", "0/a.bs2"), ("aedat", "0/a.aedat4")):
        (tmp_path / name / "0").mkdir(parents=True)
        (tmp_path / name / file).write_bytes(b"")
    for folder in ("npz", "idx", "images", "nmnist", "aedat"):
        accepting = [reader.name for reader in builtin.snn_readers() if reader().accepts(tmp_path / folder)]
        assert accepting == [folder]


def test_longest_suffix_wins(tmp_path):
    np.savez(tmp_path / "d.spikes.npz", spikes=np.ones((2, 3, 4)))
    assert read(tmp_path / "d.spikes.npz").timed
    with pytest.raises(DataError, match="no array 'x'; it holds spikes"):
        read(tmp_path / "d.spikes.npz", reader="npz")


def test_named_reader_reads_whatever_the_name_of_the_file(tmp_path):
    np.savez(tmp_path / "d.npz", spikes=np.ones((2, 3, 4)))
    assert read(tmp_path / "d.npz", reader="spikes").shape == (4,)
    with pytest.raises(PluginError, match="no reader 'nosuch' is installed") as caught:
        read(tmp_path / "d.npz", reader="nosuch")
    assert "aedat, idx, images, nmnist, npz, spikes" in caught.value.hint


def test_two_readers_of_one_file_are_told(saved):
    with pytest.raises(DataError, match=r"several readers read this: npz, greedy") as caught:
        read(saved, Here())
    assert "data.reader" in caught.value.hint
    assert len(read(saved, Here(), reader="greedy")) == 3


def test_what_a_reader_needs_is_told_before_it_reads(tmp_path):
    (tmp_path / "a.mis").write_bytes(b"")
    with pytest.raises(PluginError, match="reader 'missing' needs snn-missing") as caught:
        read(tmp_path / "a.mis", Here())
    assert caught.value.hint == "pip install snn-missing"


def test_paths_without_a_reader_are_told(tmp_path):
    (tmp_path / "a.xyz").write_bytes(b"")
    for path, told in (
        (tmp_path / "a.xyz", "no installed reader reads this"),
        (tmp_path, "no reader finds samples in this folder"),
        (tmp_path / "none.npz", "does not exist"),
        (tmp_path / ("x" * 300), "cannot be read: .*[Nn]ame too long"),
    ):
        with pytest.raises(DataError, match=told) as caught:
            read(path)
        assert caught.value.hint


def test_the_reader_of_a_list_is_that_of_its_files(tmp_path):
    for name in ("7.bs2", "8.bs2"):
        (tmp_path / name).write_bytes(nmnist([(1, 2, 1, 5), (3, 2, 0, 9)]))
    (tmp_path / "test.txt").write_text("#sample #class\n8\t1\n7\t4\n")
    data = read(tmp_path / "test.txt")
    assert (data.labels.tolist(), data.shape, data.name) == ([1, 4], (2, 34, 34), str(tmp_path / "test.txt"))
    accepting = [reader.name for reader in builtin.snn_readers() if reader().accepts(tmp_path / "test.txt")]
    assert accepting == ["nmnist"]
    (tmp_path / "test.txt").write_text("6\t1\n")
    with pytest.raises(DataError, match="none finds the files that it would list") as caught:
        read(tmp_path / "test.txt")
    assert "data.reader" in caught.value.hint
    with pytest.raises(DataError, match=r"6\.bin does not exist"):
        read(tmp_path / "test.txt", reader="nmnist")


def test_messages_on_training_name_its_own_keys(saved):
    plugins = Here()
    run = run_file.build({"train": {"per_class": 2}}, plugins)
    with pytest.raises(DataError, match="several readers") as caught:
        sampling.training(run, saved, plugins)
    assert "train.reader" in caught.value.hint
    with pytest.raises(DataError, match="several readers") as caught:
        sampling.validation(run, saved, plugins)
    assert "train.validate_reader" in caught.value.hint
    with pytest.raises(SettingsError, match=r"\[train\] per_class"):
        sampling.training(run_file.build({"train": {"per_class": 2}}, Plugins()), saved, Plugins())


def test_selection_is_that_of_the_run(saved):
    assert read(saved, subset="1:", count=1).labels.tolist() == [1]
    assert snn.read(saved, settings={"data": {"per_class": 1, "subset": "::2"}}).labels.tolist() == [0, 2]


def test_calibration_samples_have_a_reader_and_a_count_of_their_own(tmp_path, saved):
    np.savez(tmp_path / "c.npz", spikes=np.ones((5, 2, 4)))
    tables = {"data": {"normalise_reader": "spikes", "normalise_count": 2, "count": 1}}
    run = run_file.build(tables, Plugins())
    found = sampling.calibration(run, tmp_path / "c.npz", Plugins())
    assert (len(found), found.timed) == (2, True)
    assert len(snn.read(saved, calibration=True)) == 3


def test_settings_of_readers_are_checked_like_others(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0/a.bin").write_bytes(nmnist([(1, 1, 1, 1), (2, 2, 1, 2)]))
    settings = {"reader": {"nmnist": {"frames": "rectified_sum", "sensor": [4, 3]}}}
    assert snn.read(tmp_path, settings=settings).shape == (1, 3, 4)
    for wrong, told in (
        ({"frames": "sum"}, "frames: 'sum' is none of"),
        ({"sensor": [4]}, "sensor"),
        ({"chip": 1}, "chip"),
    ):
        with pytest.raises(SettingsError, match=rf"\[reader\.nmnist\] {told}"):
            snn.read(tmp_path, settings={"reader": {"nmnist": wrong}})


def test_run_file_keeps_the_settings_of_readers():
    run = run_file.build(
        {"reader": {"idx": {"divisor": 1.0}}, "data": {"subset": "3"}}, Plugins(), ["simulate.backend='inisim'"]
    )
    tables = run.tables()
    assert tables["reader"]["idx"]["divisor"] == 1.0
    assert tables["data"]["subset"] == "3"
    assert Spikes.name not in tables["reader"], "it has no settings"
