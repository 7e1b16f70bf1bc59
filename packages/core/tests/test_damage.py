"""Files that are damaged, or made to do harm: one kind of error comes out, soon, and little memory is taken."""

from __future__ import annotations

import io
import json
import resource
import struct
import time
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn import checking, storage
from snn.errors import DataError, NetworkError
from snn.readers.npz import Npz

from . import graphs
from .test_storage import spiking, tiny

GIGABYTE = 2**30


@contextmanager
def bounded(seconds=10.0, extra=GIGABYTE):
    """Let what is inside take no more than so much time and memory."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + extra, before[1]))
    begin = time.process_time()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert time.process_time() - begin < seconds


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "net.snn"
    storage.save(spiking(), path)
    return path.read_bytes(), path


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(entries, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(values):
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def header_of(shape, descr="'<f4'", order="False"):
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    text = text.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def refused(path, content, told=None, extra=GIGABYTE):
    path.write_bytes(content)
    with bounded(extra=extra), pytest.raises(NetworkError, match=told) as caught:
        storage.load(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def changed(content, change, name="network.json"):
    entries = members(content)
    header = json.loads(entries[name])
    header = change(header) or header
    return zipped({**entries, name: json.dumps(header)}.items())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_byte_may_be_wrong(whole, data):
    content, path = whole
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "remove"])):
            case "flip":
                damaged[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del damaged[max(at, 1) :]
            case "insert":
                damaged[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case "remove":
                del damaged[at : at + 8]
        if not damaged:
            break
    path.write_bytes(damaged)
    try:
        storage.load(path)
    except NetworkError as error:
        assert error.hint  # noqa: PT017  some damage goes unnoticed: names of analog stages, times of members


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_value_of_the_header_may_be_another(whole, data):
    content, path = whole
    entries = members(content)
    header = json.loads(entries["network.json"])
    *inner, last = data.draw(st.sampled_from([place for place in places(header) if place]))
    at = header
    for key in inner:
        at = at[key]
    if data.draw(st.booleans()):
        at[last] = data.draw(VALUES)
    else:
        del at[last]
    path.write_bytes(zipped({**entries, "network.json": json.dumps(header)}.items()))
    try:
        storage.load(path)
    except NetworkError as error:
        assert str(path) in str(error)  # noqa: PT017  a changed name or number may well make a network


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_byte_of_the_header_of_an_array_may_be_wrong(whole, data):
    content, path = whole
    entries = members(content)
    array = bytearray(entries["0001.weight.npy"])
    for _ in range(data.draw(st.integers(1, 3))):
        array[data.draw(st.integers(0, 127))] = data.draw(
            st.sampled_from(b"\x00\n '\"(){}[],:-0123456789<>|fiOVSU*#\\")
        )
    path.write_bytes(zipped({**entries, "0001.weight.npy": bytes(array)}.items()))
    try:
        storage.load(path)
    except NetworkError as error:
        assert str(path) in str(error)  # noqa: PT017  another space is no damage


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda h: h.update(schema=2), "schema 2; this version reads up to 1"),
        (lambda h: h.update(schema="1"), "schema '1' is none"),
        (lambda h: h.update(schema=True), "schema True is none"),
        (lambda h: h.update(schema=0), "schema 0 is none"),
        (lambda h: [h], "schema None is none"),
        (lambda h: h.update(layers=[]), "has none"),
        (lambda h: h.update(stage="ready"), "stage"),
        (lambda h: h.update(clock={"duration_ms": -1, "dt_ms": 1}), "no whole step"),
        (lambda h: h.update(analog=["../.."]), "analog"),
        (lambda h: h.update(analog=["simplified"]), "it has no analog/simplified/network.json"),
        (lambda h: h["layers"][1].update(kind="Sparse"), "layer 'd' is of the kind 'Sparse'"),
        (lambda h: h["layers"][1].update(kind="Layer"), "kind 'Layer'"),
        (lambda h: h["layers"][1].update(kind=["Dense"]), "kind"),
        (lambda h: h["layers"][1].update(colour=1), "a Dense has no field 'colour'"),
        (lambda h: h["layers"][1].pop("weight") and None, r"layer 'd' \(Dense\).*weight"),
        (lambda h: h["layers"][1].update(weight=[[1.0, 2.0]]), "layer 'd'"),
        (lambda h: h["layers"][1]["weight"].update(shape=[4]), "is not float32 of shape"),
        (lambda h: h["layers"][1]["weight"].update(array="0009.weight"), "no array '0009.weight'"),
        (lambda h: h["layers"][1]["bias"].update(array="0001.weight", shape=[2, 2]), "bias has shape|read twice"),
        (lambda h: h["layers"][0].update(shape=[-2]), "every axis must be at least 1"),
        (lambda h: h["layers"][0].update(shape=[10**18] * 20), "does not fit|elements"),
        (lambda h: h["layers"][0].update(shape=[2.5]), "layer 'in'"),
    ],
)
def test_header_that_is_wrong_is_refused(whole, change, told):
    content, path = whole
    refused(path, changed(content, change), told)


def test_newer_schema_asks_for_an_upgrade(whole):
    content, path = whole
    path.write_bytes(changed(content, lambda header: header.update(schema=99, layers="of another kind")))
    with pytest.raises(NetworkError) as caught:
        storage.load(path)
    assert caught.value.hint == "upgrade snn-core"


def test_network_that_holds_itself_is_read_once(whole):
    content, path = whole
    entries = members(content)
    header = json.loads(entries["network.json"]) | {"analog": ["parsed"] * 100_000}
    for folder in ("", "analog/parsed/"):
        entries |= {f"{folder}{name}": entries[name] for name in ("0001.weight.npy", "0001.bias.npy")}
        entries[f"{folder}network.json"] = json.dumps(header)
    path.write_bytes(zipped(entries.items()))
    with bounded():
        assert set(storage.load(path).analog) == {"parsed"}


def test_deeply_nested_header_is_refused(whole):
    content, path = whole
    refused(path, zipped({**members(content), "network.json": "[" * 200_000}.items()))


def test_huge_header_is_not_read(whole):
    _, path = whole
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("network.json", b" " * (65 * 2**20))
    refused(path, path.read_bytes(), "claims 68157440 bytes", extra=2**28)


@pytest.mark.parametrize(
    "array",
    [
        npy(np.array([[{}, 1], [2, 3]], object)),
        header_of("(2, 2)") + bytes(12),
        header_of("(2, 2)") + bytes(20),
        header_of("(-2, -2)") + bytes(16),
        header_of("(4000000000, 4000000000)") + bytes(16),
        header_of("(2, 2)", "'<f8'") + bytes(32),
        header_of("(2, 2)", "'|O'") + bytes(32),
        header_of("(2, 2)", "'|V0'"),
        header_of("(4,)") + bytes(16),
        header_of("2") + bytes(16),
        header_of("(2, 2") + bytes(16),
        header_of("((((((" * 15),
        header_of("(2, 2)", "[('a', '<f4')]") + bytes(16),
        header_of("(2, 2)").replace(b"\x01\x00", b"\x09\x00") + bytes(16),
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"",
        b"nothing of the kind",
    ],
)
def test_array_that_is_none_is_refused(whole, array):
    content, path = whole
    refused(path, zipped({**members(content), "0001.weight.npy": array}.items()))


def test_nothing_is_unpickled(whole, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath, ("never",))

    content, path = whole
    refused(path, zipped({**members(content), "0001.weight.npy": npy(np.array([Bomb()], object))}.items()), "unpickled")


def test_compressed_bomb_is_refused_before_it_is_unpacked(whole):
    _, path = whole
    shape = (2**26,)  # 256 MB in a file of 1 MB
    header = {"schema": 1, "stage": "parsed", "clock": None, "provenance": [], "analog": []}
    reference = {"array": "a", "shape": shape}
    header["layers"] = [
        {"kind": "Input", "name": "in", "inputs": [], "shape": shape},
        {"kind": "Affine", "name": "a", "inputs": ["in"], "scale": reference, "shift": reference},
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("network.json", json.dumps(header))
        with archive.open("a.npy", "w") as member:
            member.write(header_of(shape))
            for _ in range(16):
                member.write(bytes(2**24))
    refused(path, path.read_bytes(), "more than the whole file", extra=2**27)


def test_array_that_every_layer_reads_again_is_refused(whole):
    _, path = whole
    reference = {"array": "a", "shape": [2**20]}
    layers = [{"kind": "Input", "name": "0", "inputs": [], "shape": [2**20]}]
    layers += [
        {"kind": "Affine", "name": str(n), "inputs": [str(n - 1)], "scale": reference, "shift": reference}
        for n in range(1, 1000)
    ]
    header = {"schema": 1, "stage": "parsed", "clock": None, "provenance": [], "analog": [], "layers": layers}
    entries = {"network.json": json.dumps(header), "a.npy": npy(np.zeros(2**20, np.float32))}
    refused(path, zipped(entries.items()), "read twice", extra=2**28)


def test_claim_of_billions_is_refused_without_memory_for_them(whole):
    content, path = whole
    array = header_of("(2000000000,)") + bytes(16)
    lying = bytearray(zipped({**members(content), "0001.weight.npy": array}.items()))
    sizes = struct.pack("<II", len(array), len(array))
    lying = lying.replace(sizes, struct.pack("<II", len(array), 2**33 % 2**32 + 128))
    refused(path, bytes(lying), extra=2**28)


def test_entry_that_is_there_twice_is_taken_once(whole):
    content, path = whole
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped([*members(content).items(), ("0001.bias.npy", npy(np.array([7, 8], np.float32)))])
    path.write_bytes(twice)
    np.testing.assert_array_equal(storage.load(path)["d"].bias, [7, 8])  # as numpy.load takes it


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"PK\x03\x04", bytes(1000), b"{}"])
def test_file_that_is_no_archive_is_refused(tmp_path, content):
    refused(tmp_path / "net.snn", content, "is not a whole network file")


def test_unknown_compression_and_passwords_are_refused(whole):
    content, path = whole
    lying = bytearray(content)
    start = lying.index(b"PK\x01\x02")
    lying[start + 10] = 99
    refused(path, bytes(lying))
    lying = bytearray(content)
    lying[start + 8] |= 1
    refused(path, bytes(lying), "encrypted|password")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_samples_may_be_damaged_too(whole, data):
    _, path = whole
    np.savez(path.with_suffix(".npz"), x=np.zeros((2, 3), np.float32), y=np.array([0, 1]))
    damaged = bytearray(path.with_suffix(".npz").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.with_suffix(".npz").write_bytes(damaged)
    try:
        checking.check(Npz().read(path.with_suffix(".npz")))
    except DataError as error:
        assert str(path.with_suffix(".npz")) in str(error)  # noqa: PT017  times of members may be anything


def test_damaged_network_is_told_with_its_layer(tmp_path):
    weight = np.zeros((2, 2), np.float32)
    weight[0, 0] = np.nan
    storage.save(tiny(), tmp_path / "net.snn")
    entries = members((tmp_path / "net.snn").read_bytes())
    refused(
        tmp_path / "net.snn",
        zipped({**entries, "0001.weight.npy": npy(weight)}.items()),
        "layer 'd': weight has 1 of 4 values",
    )


def test_a_network_too_large_for_any_memory_is_refused_before_memory_is_taken(whole):
    _, path = whole
    network = graphs.chain((1,), graphs.dense("d", "in", [[1]]))
    storage.save(network, path)
    content = changed(path.read_bytes(), lambda h: h["layers"][0].update(shape=[2**62]))
    refused(path, content, "elements", extra=2**28)
