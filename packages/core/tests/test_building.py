"""What every frontend needs: layers written down with their shapes, and all faults found before any is told."""

from __future__ import annotations

import numpy as np
import pytest
from snn.building import Builder, Faults
from snn.errors import NetworkError, ParseError, UnsupportedLayer
from snn.layers import Dense, Input, Pad


def test_layers_are_written_down_with_their_shapes():
    builder = Builder()
    assert builder.add(Input(name="input", shape=(3,))) == (3,)
    dense = Dense(name="dense", inputs=("input",), weight=np.ones((2, 3)), bias=np.zeros(2))
    assert builder.add(dense) == (2,)
    assert builder.layers[1] is dense
    assert builder.shapes == {"input": (3,), "dense": (2,)}


def test_a_layer_that_does_not_fit_is_told_by_name():
    builder = Builder()
    builder.add(Input(name="input", shape=(4,)))
    with pytest.raises(ParseError, match=r"layer 'dense': weight \(2, 3\) does not fit input \(4,\)"):
        builder.add(Dense(name="dense", inputs=("input",), weight=np.ones((2, 3)), bias=np.zeros(2)))


def test_a_result_that_is_empty_or_too_large_is_refused_before_it_takes_memory():
    builder = Builder()
    with pytest.raises(ParseError, match="at least 1"):
        builder.add(Input(name="nothing", shape=(0,)))
    builder.add(Input(name="input", shape=(1, 2)))
    with pytest.raises(ParseError, match=r"'pad'.*too large"):
        builder.add(Pad(name="pad", inputs=("input",), padding=((10**9, 0),)))


def test_names_that_are_taken_get_numbers():
    builder = Builder(["a", "a_1"])
    assert [builder.unique("a") for _ in range(2)] == ["a_2", "a_3"]
    assert [builder.unique("b") for _ in range(2)] == ["b", "b_1"]


def test_weights_that_grow_are_bounded_over_all_layers():
    builder = Builder()
    builder.expand(2**24, "layer 'one'")
    builder.expand(2**24, "layer 'two'")
    with pytest.raises(ParseError, match="layer 'three'"):
        builder.expand(1, "layer 'three'")


def test_all_layers_that_cannot_be_translated_are_told_together():
    faults = Faults([UnsupportedLayer("first", hint="do this")])
    with faults.gathered():
        raise UnsupportedLayer("second", hint="do that")
    with faults.gathered():
        raise ParseError("a consequence")
    with faults.gathered():
        raise NetworkError("another")
    with pytest.raises(UnsupportedLayer, match=r"^first\n  second$") as caught:
        faults.tell()
    assert caught.value.hint == "do this"


def test_without_a_fault_errors_pass_and_nothing_is_told():
    faults = Faults()
    with pytest.raises(ParseError, match="damaged"), faults.gathered():
        raise ParseError("damaged")
    with pytest.raises(ParseError, match="not finite"), faults.gathered():
        raise NetworkError("not finite")
    faults.tell()
    assert not faults


def test_a_long_list_of_faults_is_cut():
    with pytest.raises(UnsupportedLayer) as caught:
        Faults(UnsupportedLayer(f"layer {number}") for number in range(500)).tell()
    assert str(caught.value).splitlines()[-1] == "  and 480 more"
