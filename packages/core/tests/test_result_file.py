"""A result survives its file, and a damaged file is told as one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn import result_file, storage
from snn.errors import SnnError
from snn.measures.layer import ErrorPart, LayerMeasures
from snn.shown import ShownLayer, ShownSample
from snn.simulating import Events
from snn.testing import golden_results


def full():
    """Return a result in which everything is there."""
    points = np.array([[0.5, 0.25]], np.float32)
    budget = {"clipping": ErrorPart(-0.25, 0.25, 0.25)}
    measures = LayerMeasures(
        "out/a", "IntegrateFire", 3, 4, 2, 1.5, 10.0, 1, 0, 2, 0.9, 0.5, 0.25, ErrorPart(-0.25, 0.25, 0.25), budget,
        points=points,
    )  # fmt: skip
    spikes = Events(*(np.array(part, np.int32) for part in ([0, 2], [0, 0], [1, 0])), np.array([1, -1], np.int8))
    shown = ShownLayer("out/a", points[0], None, spikes, np.zeros((4, 3), np.float32))
    ranks = np.array([[2, 0, 1, 0]] * 4)
    return dataclasses.replace(
        golden_results.result(), ranks=ranks, analog_ranks=ranks[0], layers=(measures,), top_k=2, skipped=7,
        shown=ShownSample(9, 3, np.ones((1, 2, 2), np.float32), (shown,)),
        numbers=np.array([0, 4, 8, 9]), tables={"name": "é", "simulate": {"batch": 3}},
        command="snn run 'a b'", current=False,
    )  # fmt: skip


def kept(result, folder):
    storage.save(_holding(result), folder / result_file.NETWORK)
    result_file.save(result, folder)
    return result_file.load(folder)


def _holding(result):
    networks = dict(result.networks)
    return dataclasses.replace(networks.pop("spiking"), analog=networks)


def same(one, other):
    """Require that two values are the same, arrays, dataclasses and all."""
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif dataclasses.is_dataclass(one):
        for entry in dataclasses.fields(one):
            same(getattr(one, entry.name), getattr(other, entry.name))
    elif isinstance(one, (tuple, list)):
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            same(first, second)
    else:
        assert one == other


@pytest.mark.parametrize("make", [full, golden_results.result])
def test_result_survives_its_file(make, tmp_path):
    before = make()
    after = kept(before, tmp_path)
    for entry in dataclasses.fields(before):
        if entry.name != "networks":
            same(getattr(before, entry.name), getattr(after, entry.name))
    digests = {stage: storage.digest(network) for stage, network in before.networks.items()}
    assert {stage: storage.digest(network) for stage, network in after.networks.items()} == digests


def test_what_is_kept_is_kept_small_and_not_packed(tmp_path):
    kept(full(), tmp_path)
    with zipfile.ZipFile(tmp_path / result_file.NAME) as archive:
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
    with np.load(tmp_path / result_file.NAME) as arrays:
        assert arrays["spiking"].dtype == np.int8
        assert arrays["ranks"].dtype == np.uint8


def test_folder_without_a_result_is_told(tmp_path):
    with pytest.raises(SnnError, match="is no run folder"):
        result_file.load(tmp_path)


def test_result_of_a_newer_version_is_told(tmp_path):
    kept(full(), tmp_path)
    with zipfile.ZipFile(tmp_path / result_file.NAME) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["result.json"] = json.dumps(json.loads(members["result.json"]) | {"schema": 99}).encode()
    with zipfile.ZipFile(tmp_path / result_file.NAME, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(SnnError, match="schema 99"):
        result_file.load(tmp_path)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
def test_damaged_file_is_an_error_or_a_result_never_a_crash(tmp_path_factory, place, value, cut):
    folder = tmp_path_factory.getbasetemp() / "whole"
    if not folder.exists():
        folder.mkdir()
        kept(full(), folder)
    whole = (folder / result_file.NAME).read_bytes()
    at = int(place * len(whole))
    damaged = whole[:at] if cut else whole[:at] + bytes([value]) + whole[at + 1 :]
    other = tmp_path_factory.getbasetemp() / "damaged"
    other.mkdir(exist_ok=True)
    (other / result_file.NETWORK).write_bytes((folder / result_file.NETWORK).read_bytes())
    (other / result_file.NAME).write_bytes(damaged)
    with contextlib.suppress(SnnError):
        result_file.load(other)
