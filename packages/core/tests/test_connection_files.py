"""Connections survive their files, bit for bit; files that were changed, or lie, are refused by name."""

from __future__ import annotations

import builtins
import hashlib
import json
import os
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snn import connection_files, synapse_tables
from snn import layers as op
from snn.connection_files import MANIFEST, kept_or_made, load, save
from snn.connections import Connection, connections, depths
from snn.errors import NetworkError, OutputError
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire

from . import graphs

EXTREMES = np.array(
    [1e-45, -1e-45, 1.17549435e-38, 3.4028235e38, -3.4028235e38, 0.1, -1 / 3, 1 / 1024, 16777217, 2**24, 1, 3e-39],
    np.float32,
)


def network(weight=EXTREMES, name="first layer/ä"):
    """Return a network of twelve inputs and neurons, and two classes."""
    return Network(
        (
            op.Input(name="input", shape=(len(weight),)),
            op.Affine(name="scale", inputs=("input",), scale=weight, shift=np.full(len(weight), 0.1)),
            IntegrateFire(name=name, inputs=("scale",)),
            op.Dense(name="dense", inputs=(name,), weight=np.ones((2, len(weight))) / 3, bias=np.array([0.5, -0.25])),
            Accumulate(name="out", inputs=("dense",)),
        ),
        stage="spiking",
    )


@pytest.fixture
def saved(tmp_path):
    """Return a folder of connections, with the input as a node."""
    made = network()
    save(tmp_path / "kept", made, connections(made, entry=True), entry=True)
    return tmp_path / "kept"


def same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert (a.source, a.target) == (b.source, b.target)
        for field in ("pre", "post", "weight"):
            left, right = getattr(a, field), getattr(b, field)
            assert left.dtype == right.dtype
            assert left.tobytes() == right.tobytes(), field
    return True


def refused(folder, words, made=None, *, entry=True):
    with pytest.raises(NetworkError, match=words) as caught:
        load(folder, made or network(), entry=entry)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "delete the folder" in caught.value.hint or "upgrade" in caught.value.hint


def rewritten(folder, change, number=0):
    """Change the text of a connection, and its digest with it."""
    manifest = json.loads((folder / MANIFEST).read_text())
    record = manifest["connections"][number]
    text = change((folder / record["file"]).read_text())
    (folder / record["file"]).write_text(text)
    record["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def told(folder, change):
    """Change what the manifest says."""
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_weights_come_back_bit_for_bit_however_large_or_small(saved):
    found = load(saved, network(), entry=True)
    assert same(found.connections, connections(network(), entry=True))
    assert found.connections[0].weight.tobytes() == EXTREMES.tobytes()
    assert found.delays_ms == (0.0, 0.0)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_float32_comes_back_as_it_was_in_either_precision(tmp_path, values):
    weight = np.array(values, np.float32)
    places = np.arange(len(weight))
    path = tmp_path / "one.txt"
    path.unlink(missing_ok=True)
    synapse_tables.write_synapses(path, Connection("a", "b", places, places, weight), 1.5)
    sizes = (len(weight),) * 2
    read = synapse_tables.read_synapses(path, len(weight), sizes, ("a", "b"), 1.5)
    assert read.weight.tobytes() == weight.tobytes()
    assert np.loadtxt(path, ndmin=2)[:, 2].tobytes() == weight.astype(np.float64).tobytes()


@graphs.over_seeds(20)
def test_every_network_comes_back(tmp_path_factory, seed):
    made = graphs.grow(seed, graphs.SPIKING, steps=8, end="none")
    folder = tmp_path_factory.mktemp("kept")
    for entry in (False, True):
        ways, note = kept_or_made(folder, made, entry=entry)
        assert note.startswith("connections saved to")
        again, note = kept_or_made(folder, made, entry=entry)
        assert note.startswith("connections loaded from")
        assert same(ways, again)


def test_a_file_has_a_row_a_synapse_below_the_columns_that_pynn_wants(saved):
    lines = (saved / "0002-first_layer_-out.txt").read_text().splitlines()
    assert lines[:2] == ['# columns = ["i", "j", "weight", "delay"]', "0\t0\t0.3333333432674408\t0.0"]
    assert len(lines) == 1 + 24
    assert (saved / "0001-input-first_layer_.txt").is_file()
    biases = (saved / "0002-out-biases.txt").read_text()
    assert biases == '# columns = ["i", "bias"]\n0\t0.5\n1\t-0.25\n'


def test_the_manifest_says_what_each_file_is(saved):
    manifest = json.loads((saved / MANIFEST).read_text())
    assert (manifest["schema"], manifest["input"]) == (1, "spikes")
    record = manifest["connections"][1]
    assert (record["source"], record["target"], record["synapses"], record["delay_ms"]) == (
        "first layer/ä",
        "out",
        24,
        0,
    )
    assert record["sha256"] == hashlib.sha256((saved / record["file"]).read_bytes()).hexdigest()
    names = [record["file"] for record in manifest["connections"] + manifest["biases"]]
    assert sorted([*names, MANIFEST]) == sorted(path.name for path in saved.iterdir())


def test_delays_are_kept_and_compared_where_they_matter(tmp_path):
    def delays(ways):
        depth = depths(network(), ways)
        return [0.5 * (depth[way.target] - depth[way.source]) for way in ways]

    kept_or_made(tmp_path, network(), entry=True, delays=delays)
    assert load(tmp_path / "spikes", network(), entry=True).delays_ms == (0.5, 0.5)
    kept_or_made(tmp_path, network(), entry=True, delays=delays)
    kept_or_made(tmp_path, network(), entry=True)
    with pytest.raises(NetworkError, match="holds connections with other delays"):
        kept_or_made(tmp_path, network(), entry=True, delays=lambda ways: [1.0] * len(ways))


def test_another_network_is_refused(saved):
    refused(saved, "another network", network(EXTREMES[::-1]))


def test_another_kind_of_input_is_refused(saved):
    refused(saved, "for an input of spikes", entry=False)


@pytest.mark.parametrize("pattern", ["0001-input*", "*biases.txt"])
def test_a_file_that_was_edited_cut_short_or_taken_away_is_refused_by_name(saved, pattern):
    path = min(saved.glob(pattern))
    text = path.read_text()
    for other in (text.replace("0.", "1.", 1), text[:-5], text + text[-9:], ""):
        path.write_text(other)
        refused(saved, rf"{path.name} is no file of connections: it was changed, or cut short")
    path.unlink()
    refused(saved, rf"{path.name} cannot be read: No such file")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("3\t3\t", "3\t12\t"), "'first layer/ä' has no element 12; it has 12"),
        (lambda text: text.replace("3\t3\t", "-3\t3\t"), "'input' has no element -3"),
        (lambda text: text.replace("3\t3\t", "2.5\t3\t"), "'input' has no element 2.5"),
        (lambda text: text.replace("3\t3\t", "nan\t3\t"), "'input' has no element nan"),
        (lambda text: text.replace("3\t3\t", "1\t1\t"), "not in the order"),
        (lambda text: text.replace("-0.3333333432674408", "inf"), "no finite number"),
        (lambda text: text.replace("-0.3333333432674408", "1e300"), "no finite number"),
        (lambda text: text.replace("-0.3333333432674408", "os"), "could not convert string 'os'"),
        (lambda text: text.replace("\t0.0\n", "\t2.0\n", 1), "a delay is not 0.0"),
        (lambda text: text.replace("\t0.0\n", "\n"), "a row has not 4 numbers"),
        (lambda text: text.replace("weight", "height"), "its first line is not"),
        (lambda text: text + "11\t11\t1\t0\n", "more than 12 rows"),
        (lambda text: text[: text.rindex("11\t11")], "11 rows, not 12"),
        (lambda text: text[: text.index("\n") + 1] + "\n" * 200, "a row has not 4|0 rows"),
        (lambda text: text[: text.index("\n") + 1], "bytes do not hold 12 synapses"),
        (lambda text: text + " " * 2000, "bytes do not hold 12 synapses"),
        (lambda text: text.replace("\t3\t", "\té\t"), "ascii"),
    ],
)
def test_a_table_that_cannot_be_is_refused_though_its_digest_is_right(saved, change, words):
    rewritten(saved, change)
    refused(saved, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda manifest: manifest.pop("schema"), "schema None is none"),
        (lambda manifest: manifest.update(schema=0), "schema 0 is none"),
        (lambda manifest: manifest.update(schema=2), "has schema 2; this version reads up to 1"),
        (lambda manifest: manifest.update(input="noise"), r"\$.input"),
        (lambda manifest: manifest["connections"][0].update(file="../../secret.txt"), "no name of a file that belongs"),
        (lambda manifest: manifest["connections"][0].update(source="nobody"), "no connection 1 from 'nobody'"),
        (lambda manifest: manifest["connections"][0].update(source="scale"), "no connection 1 from 'scale'"),
        (lambda manifest: manifest["connections"][0].update(target="input"), "no connection 1"),
        (lambda manifest: manifest["connections"].append(manifest["connections"][0]), "no connection 3"),
        (lambda manifest: manifest["connections"][0].update(synapses=2**62), "are too many"),
        (lambda manifest: manifest["connections"][0].update(synapses=144), "do not hold 144 synapses"),
        (lambda manifest: manifest["connections"][0].update(synapses=-1), "synapses"),
        (lambda manifest: manifest["connections"][0].update(delay_ms="1"), "delay_ms"),
        (lambda manifest: manifest["biases"][0].update(layer=3), "layer"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(saved, change, words):
    told(saved, change)
    refused(saved, words)


def test_a_manifest_that_is_none_is_refused(saved):
    path = saved / MANIFEST
    for content in (b"", b"[]", b"\xff", b"[" * 100_000, b'{"schema": 1}'):
        path.write_bytes(content)
        refused(saved, MANIFEST)
    path.unlink()
    refused(saved, "cannot be read")
    os.mkfifo(path)
    refused(saved, "no regular file")


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=400), whole=st.booleans(), table=st.booleans())
def test_random_bytes_are_refused_in_one_line(saved, content, whole, table):
    """As a manifest, or as a table whose digest and size are right, with the columns above or without."""
    if table:
        manifest = json.loads((saved / MANIFEST).read_text())
        record = manifest["connections"][0]
        content = (b'# columns = ["i", "j", "weight", "delay"]\n' if whole else b"") + content
        (saved / record["file"]).write_bytes(content)
        record["sha256"] = hashlib.sha256(content).hexdigest()
        (saved / MANIFEST).write_text(json.dumps(manifest))
        refused(saved, record["file"])
    else:
        before = (saved / MANIFEST).read_bytes()
        (saved / MANIFEST).write_bytes(before[:20] + content if whole else content)
        refused(saved, MANIFEST)
        (saved / MANIFEST).write_bytes(before)


def test_saving_that_is_interrupted_leaves_nothing(tmp_path, monkeypatch):
    write, written = synapse_tables.write_biases, []

    def interrupted(path, values):
        written.append(path)
        write(path, values)
        raise KeyboardInterrupt

    monkeypatch.setattr(synapse_tables, "write_biases", interrupted)
    made = network()
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "new" / "kept", made, connections(made, entry=True), entry=True)
    assert written
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(saved):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    made = network(EXTREMES[::-1])
    with pytest.raises(OutputError, match="cannot be written"):
        save(saved, made, connections(made, entry=True), entry=True)
    assert before == {path.name: path.read_bytes() for path in saved.iterdir()}
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("name", ["file/kept", "nu\0ll", "x" * 300])
def test_a_folder_that_cannot_be_made_is_one_error(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        kept_or_made(tmp_path / name, network(), entry=True)


def test_two_that_save_at_once_agree(tmp_path, monkeypatch):
    real = connection_files.connections

    def other_was_first(made, *, entry):
        monkeypatch.setattr(connection_files, "connections", real)
        kept_or_made(tmp_path, made, entry=entry)
        return real(made, entry=entry)

    monkeypatch.setattr(connection_files, "connections", other_was_first)
    assert same(kept_or_made(tmp_path, network(), entry=True)[0], kept_or_made(tmp_path, network(), entry=True)[0])
    assert [path.name for path in tmp_path.iterdir()] == ["spikes"]


def test_a_weight_that_is_no_number_is_refused_before_it_is_written(tmp_path):
    made = network()
    (way, *_) = connections(made, entry=True)
    way.weight[3] = np.inf
    with pytest.raises(NetworkError, match="from layer 'input' to 'first layer/ä' is no finite number"):
        save(tmp_path / "kept", made, [way], entry=True)
    assert not list(tmp_path.iterdir())


def test_a_claim_of_many_synapses_takes_no_memory(saved, monkeypatch):
    told(saved, lambda manifest: manifest["connections"][0].update(synapses=144))
    monkeypatch.setattr(np, "empty", None)
    refused(saved, "do not hold 144 synapses")


def test_nothing_in_a_file_is_run(saved, monkeypatch):
    monkeypatch.setattr(builtins, "eval", None)
    load(saved, network(), entry=True)


def test_a_hundred_thousand_synapses_are_saved_and_loaded_within_seconds(tmp_path):
    rng = np.random.default_rng(1)
    made = Network(
        (
            op.Input(name="input", shape=(400,)),
            op.Dense(name="dense", inputs=("input",), weight=rng.standard_normal((250, 400)), bias=np.zeros(250)),
            Accumulate(name="out", inputs=("dense",)),
        ),
        stage="spiking",
    )
    ways = connections(made, entry=True)
    started = time.perf_counter()
    save(tmp_path / "kept", made, ways, entry=True)
    assert same(load(tmp_path / "kept", made, entry=True).connections, ways)
    assert time.perf_counter() - started < 5  # a fifth of a second where nothing else runs


@pytest.mark.filterwarnings("default")  # PyNN's own
def test_pynn_connects_from_the_file_as_it_is(saved):
    mock = pytest.importorskip("pyNN.mock", reason="PyNN is not installed")
    mock.setup(timestep=1.0)
    record = load(saved, network(), entry=True)
    for path, way in zip(record.files, record.connections, strict=True):
        sizes = len(EXTREMES), int(way.post.max()) + 1
        pre, post = (mock.Population(size, mock.IF_curr_exp()) for size in sizes)
        connector = mock.FromFileConnector(str(path), safe=False)  # a network's weights have both signs
        made = mock.Projection(pre, post, connector, mock.StaticSynapse())
        found = sorted(made.get(["weight", "delay"], format="list"), key=lambda row: (row[1], row[0]))
        assert [row[:2] for row in found] == list(zip(way.pre, way.post, strict=True))
        assert [row[2] for row in found] == way.weight.astype(np.float64).tolist()
        assert {row[3] for row in found} == {0.0}
