"""Runs side by side."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from snn import comparing
from snn.measures.layer import LayerMeasures
from snn.testing import golden_results


def results():
    one = dataclasses.replace(
        golden_results.result(),
        tables={"seed": 1, "convert": {"reset": "subtract", "initial": 0.5}},
        layers=(LayerMeasures("a", "IntegrateFire", 1, 1, correlation=0.75),),
    )
    other = dataclasses.replace(one, tables={"seed": 1, "convert": {"reset": "zero"}}, operations=None, layers=())
    return one, other


def row(name):
    return next(row for row in comparing.rows(results()) if row.name == name)


def test_measures_stand_in_a_row_each():
    assert row("accuracy").cells == (0.75, 0.75)
    assert row("analog accuracy").cells == (0.75, 0.75)
    assert row("synaptic operations").cells == (40.0, None)
    assert row("correlation of a").cells == (0.75, None)


def test_settings_stand_there_where_they_differ():
    assert row("convert.reset").cells == ("subtract", "zero")
    assert row("convert.initial").cells == ("0.5", None)
    assert not [found for found in comparing.rows(results()) if found.name == "seed"]


def test_folders_have_the_shortest_names_that_tell_them_apart():
    assert comparing.titles([Path("/x/a/run"), Path("/x/b/run")]) == ["a/run", "b/run"]
    assert comparing.titles([Path("/x/a"), Path("/x/b")]) == ["a", "b"]
    assert comparing.titles([Path("/x/a"), Path("/x/a")]) == ["a", "a"]


@pytest.mark.parametrize(
    ("cell", "unit", "text"),
    [(0.5, "share", "50.00 %"), (None, "share", "–"), (1234567.0, "count", "1,234,567"), (2.5e-6, "J", "2.5 µJ"),
     (0.25, "coefficient", "0.2500"), (12.0, "ms", "12 ms"), ("zero", "text", "zero")],
)  # fmt: skip
def test_cells_are_written_with_their_unit(cell, unit, text):
    assert comparing.told(cell, unit) == text
