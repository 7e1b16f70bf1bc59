"""A network survives its file, bit for bit; a file that is damaged, or lies, is refused in a moment."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from snn import analog, storage
from snn import layers as op
from snn.clock import Clock
from snn.errors import NetworkError, OutputError
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
from snn.simplifying import simplify

from . import graphs


def same(one, other):
    """Whether two networks are equal, field by field."""
    assert [layer.kind for layer in one.layers] == [layer.kind for layer in other.layers]
    for a, b in zip(one.layers, other.layers, strict=True):
        for field in dataclasses.fields(a):
            left, right = getattr(a, field.name), getattr(b, field.name)
            assert type(left) is type(right)
            np.testing.assert_array_equal(left, right) if isinstance(left, np.ndarray) else assert_equal(left, right)
    assert (one.provenance, one.stage, one.clock) == (other.provenance, other.stage, other.clock)
    assert set(one.analog) == set(other.analog)
    return True


def assert_equal(left, right):
    assert left == right


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("storage")


@graphs.over_seeds(60)
def test_every_network_survives_the_file(folder, seed):
    network = graphs.grow(seed, graphs.REWRITTEN if seed % 2 else graphs.SPIKING, steps=12, end="none")
    path = folder / "random.snn"
    storage.save(network, path)
    loaded = storage.load(path)
    assert same(network, loaded)
    assert storage.digest(loaded) == storage.digest(network)
    written = path.read_bytes()
    storage.save(loaded, path)
    assert path.read_bytes() == written
    if seed % 2:
        x = graphs.samples(network)
        for name, values in analog.evaluate(network, x, network.shapes).items():
            np.testing.assert_array_equal(analog.evaluate(loaded, x, {name})[name], values)


def tiny(**fields):
    return graphs.chain((2,), graphs.dense("d", "in", [[1, 2], [3, 4]], [5, 6]), **fields)


def spiking():
    parsed = simplify(tiny(provenance=("read it",))).analog["parsed"]
    out = Accumulate(name="out", inputs=("d",))
    return dataclasses.replace(
        tiny(provenance=("read it", "made it spike"), stage="spiking", clock=Clock(50, 0.5)).replace(
            [*tiny().layers, out]
        ),
        analog={"parsed": parsed, "normalised": tiny(stage="normalised")},
    )


def test_clock_stage_provenance_and_earlier_stages_survive(tmp_path):
    storage.save(spiking(), tmp_path / "net.snn")
    loaded = storage.load(tmp_path / "net.snn")
    assert same(spiking(), loaded)
    assert loaded.clock == Clock(50.0, 0.5)
    for stage in ("parsed", "normalised"):
        assert same(loaded.analog[stage], spiking().analog[stage])


def test_file_opens_with_numpy_alone(tmp_path):
    storage.save(tiny(), tmp_path / "net.snn")
    with np.load(tmp_path / "net.snn", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["0001.weight"], [[1, 2], [3, 4]])
        np.testing.assert_array_equal(arrays["0001.bias"], [5, 6])
    with zipfile.ZipFile(tmp_path / "net.snn") as archive:
        assert json.loads(archive.read("network.json"))["layers"][1]["kind"] == "Dense"
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_file_is_the_same_bytes_today_as_ever(tmp_path):
    storage.save(tiny(), tmp_path / "net.snn")
    with zipfile.ZipFile(tmp_path / "net.snn") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        header = archive.read("network.json")
    layers = json.loads(header)["layers"]
    assert layers[1] == {
        "kind": "Dense",
        "name": "d",
        "inputs": ["in"],
        "weight": {"array": "0001.weight", "shape": [2, 2]},
        "bias": {"array": "0001.bias", "shape": [2]},
    }


def test_digest_is_of_the_content_alone():
    assert storage.digest(tiny()) == storage.digest(tiny(provenance=("another way",)))
    assert storage.digest(tiny()) != storage.digest(tiny(stage="simplified"))
    other = graphs.chain((2,), graphs.dense("d", "in", [[1, 2], [3, 4]], [5, 7]))
    assert storage.digest(tiny()) != storage.digest(other)
    assert len(storage.digest(tiny())) == len(hashlib.sha256().hexdigest())


def test_whole_numbers_in_float_fields_do_not_change_the_digest(tmp_path):
    network = graphs.chain((2,), graphs.relu("a", "in", 6), IntegrateFire(name="b", inputs=("a",), threshold=1))
    network = dataclasses.replace(network, clock=Clock(100, 1))
    storage.save(network, tmp_path / "net.snn")
    assert storage.digest(storage.load(tmp_path / "net.snn")) == storage.digest(network)


def test_layer_names_may_hold_what_file_names_may_not(tmp_path):
    name = 'a/b\\c: ..\n"é\u4e2d\U0001f600'
    network = graphs.chain((2,), graphs.dense(name, "in", [[1, 2]]))
    storage.save(network, tmp_path / "net.snn")
    assert storage.load(tmp_path / "net.snn").output.name == name


def test_provenance_may_name_a_file_whose_name_is_no_text(tmp_path):
    storage.save(tiny(provenance=("read from caf\udce9.keras",)), tmp_path / "net.snn")
    assert storage.load(tmp_path / "net.snn").provenance == ("read from caf?.keras",)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Wave(Neuron):
    plugin = "ocean"
    height: float = 1.0


def test_neuron_of_a_plugin_needs_the_plugin(tmp_path):
    network = graphs.chain((2,), Wave(name="wave", inputs=("in",), height=3.0))
    storage.save(network, tmp_path / "net.snn")
    with pytest.raises(NetworkError, match="layer 'wave' is of the kind 'ocean:Wave'") as caught:
        storage.load(tmp_path / "net.snn")
    assert "install the plugin 'ocean'" in caught.value.hint
    loaded = storage.load(tmp_path / "net.snn", [Wave])
    assert isinstance(loaded.output, Wave)
    assert loaded.output.height == 3.0


def test_every_kind_of_core_can_be_kept():
    assert {Accumulate, IntegrateFire, SoftmaxFire, op.Input, op.Add} < set(storage.KINDS.values())
    kinds = {kind for module in (op.Dense, op.Layer) for kind in module.__subclasses__()}
    assert {kind for kind in kinds if kind.__module__ == op.__name__} <= set(storage.KINDS.values())


@pytest.mark.parametrize("there", [False, True])
def test_full_disk_leaves_the_earlier_file_as_it_was(tmp_path, monkeypatch, there):
    path = tmp_path / "net.snn"
    if there:
        storage.save(tiny(), path)
    earlier = path.read_bytes() if there else b""

    def fill(self, data):
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OutputError, match=r"net\.snn cannot be written: No space left on device"):
        storage.save(spiking(), path)
    assert path.exists() == there
    assert not there or path.read_bytes() == earlier
    assert os.listdir(tmp_path) == ["net.snn"] * there  # noqa: PTH208  names are what is compared


def test_interruption_leaves_no_half_a_file(tmp_path, monkeypatch):
    storage.save(tiny(), tmp_path / "net.snn")
    earlier = (tmp_path / "net.snn").read_bytes()

    def interrupt(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        storage.save(spiking(), tmp_path / "net.snn")
    assert [path.name for path in tmp_path.iterdir()] == ["net.snn"]
    assert (tmp_path / "net.snn").read_bytes() == earlier


def test_place_that_is_none_is_told(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        storage.save(tiny(), tmp_path / "no" / "net.snn")
    with pytest.raises(NetworkError, match="cannot be read: No such file") as caught:
        storage.load(tmp_path / "net.snn")
    assert "path" in caught.value.hint
    with pytest.raises(NetworkError, match="cannot be read: Is a directory"):
        storage.load(tmp_path)


def test_a_whole_number_in_the_place_of_a_float_changes_neither_file_nor_digest(tmp_path):
    digests = set()
    for one in (1, 1.0):
        neurons = IntegrateFire(name="fire", inputs=("in",), threshold=one, refractory_ms=2 * one)
        network = Network((op.Input(name="in", shape=(2,)), neurons), stage="spiking", clock=Clock(50 * one, one))
        storage.save(network, tmp_path / f"{one}.snn")
        digests |= {storage.digest(network), storage.digest(storage.load(tmp_path / f"{one}.snn"))}
    assert len(digests) == 1
    assert (tmp_path / "1.snn").read_bytes() == (tmp_path / "1.0.snn").read_bytes()
