"""What a backend says of a network before it runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from snn import layers as op
from snn.errors import SnnError, UnsupportedLayer
from snn.neurons import Accumulate, IntegrateFire
from snn.parsing import Frontend
from snn.simulating import Backend, Problem, Simulator

from . import graphs


@dataclass(frozen=True)
class Plain(Backend):
    name = "plain"
    layers = frozenset({op.Input, op.Dense, IntegrateFire})

    def build(self, network, setup):
        raise NotImplementedError


@dataclass(frozen=True)
class Narrow(Plain):
    def inspect(self, network):
        return (*super().inspect(network), Problem("d", "weights need 9 bits; the chip has 8", "quantise them"))


NETWORK = graphs.chain((2,), graphs.dense("d", "in", np.eye(2)), Accumulate(name="out", inputs=("d",)))


def test_every_layer_a_backend_does_not_run_is_named():
    network = graphs.chain((2,), op.Flatten(name="f", inputs=("in",)), Accumulate(name="out", inputs=("f",)))
    with pytest.raises(UnsupportedLayer) as caught:
        Plain().check(network)
    assert str(caught.value).splitlines() == [
        "layer 'f': backend 'plain' does not run Flatten",
        "layer 'out': backend 'plain' does not run Accumulate",
    ]
    assert caught.value.hint


def test_limits_of_a_backend_are_told_with_their_hint():
    network = graphs.chain((2,), graphs.dense("d", "in", np.eye(2)), IntegrateFire(name="out", inputs=("d",)))
    Plain().check(network)
    with pytest.raises(UnsupportedLayer, match="layer 'd': weights need 9 bits") as caught:
        Narrow().check(network)
    assert caught.value.hint == "quantise them"


def test_fitting_changes_nothing_by_default():
    assert Plain().fit(NETWORK, None) is NETWORK


def test_simulator_is_closed_at_the_end_whatever_happens():
    class Board(Simulator):
        closed = 0

        def run(self, stimulus):
            raise RuntimeError("lost")

        def close(self):
            self.closed += 1

    board = Board()
    with pytest.raises(RuntimeError, match="lost"), board:
        board.run(None)
    assert board.closed == 1
    assert board.facts() == {}


def test_frontend_knows_its_files_by_suffix():
    @dataclass(frozen=True)
    class Reader(Frontend):
        name = "reader"
        suffixes = (".net", ".tar.gz")

        def parse(self, source):
            raise NotImplementedError

    accepted = [
        source for source in (Path("a.NET"), Path("a.tar.gz"), Path("a.gz"), "a.net", 3) if Reader().accepts(source)
    ]
    assert accepted == [Path("a.NET"), Path("a.tar.gz")]


def test_every_error_has_a_way_out_of_its_own():
    kinds = SnnError.__subclasses__()
    assert {kind.exit_code for kind in [SnnError, *kinds]} == set(range(1, 10))
    assert all(kind("what", "do this").hint == "do this" and str(kind("what")) == "what" for kind in kinds)
