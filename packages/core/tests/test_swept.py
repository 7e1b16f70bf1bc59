"""What is told of a sweep, derived by hand from the golden one."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console as Terminal
from snn.reporters.console import Console
from snn.reporters.files import Files
from snn.reporters.sweeps import errors, table
from snn.swept import Point, Sweep
from snn.testing import golden_results as golden


def drawn(sweep, width=120):
    terminal = Terminal(file=io.StringIO(), width=width)
    terminal.print(table(sweep, width))
    return terminal.file.getvalue()


def test_a_sweep_knows_its_values_and_what_failed():
    sweep = golden.sweep()
    assert sweep.values("convert.reset") == ("subtract", "zero")
    assert sweep.values("simulate.duration_ms") == (2, 4)
    assert [point.label for point in sweep.failed] == ["convert.reset=zero simulate.duration_ms=4"]
    mixed = [Point({"a": value}, "done", "", {}, Path()) for value in (1, True, 1.0, [1], 1)]
    assert [type(value) for value in Sweep("n", ("a",), tuple(mixed)).values("a")] == [int, bool, float, list]


def test_the_rows_of_sweep_csv_are_the_points(tmp_path):
    sweep = golden.sweep()
    Files().sweep(sweep, tmp_path)
    text = (tmp_path / "sweep.csv").read_text()
    head = "convert.reset,simulate.duration_ms,status,error,samples,accuracy,analog_accuracy,agreement,"
    assert text.splitlines()[0] == head + "operations_per_sample,latency_ms,seconds"
    assert text.splitlines()[1] == "subtract,2,done,,4,0.75,0.75,1.0,40.0,1.0,0.25"
    last = list(csv.DictReader(io.StringIO(text)))[3]
    assert (last["status"], last["error"], last["accuracy"]) == (
        "failed",
        "layer 'relu1': of no use, said a test",
        "",
    )


def test_bounds_of_the_accuracy_have_columns_where_they_are_known(tmp_path):
    points = [replace(p, measures={**p.measures, "accuracy_low": 0.1}) for p in golden.sweep().points]
    Files().sweep(replace(golden.sweep(), points=tuple(points)), tmp_path)
    assert "accuracy,accuracy_low,analog_accuracy" in (tmp_path / "sweep.csv").read_text()


def test_sweep_json_has_everything_but_lists(tmp_path):
    first = golden.sweep().points[0]
    measured = replace(
        first, measures={**first.measures, "accuracy_over_time": [0.5, 0.75]}, folder=tmp_path / "points/1"
    )
    Files().sweep(replace(golden.sweep(), points=(measured,)), tmp_path)
    content = json.loads((tmp_path / "sweep.json").read_text())
    assert (content["schema"], content["name"], content["settings"]) == (
        1,
        "golden",
        ["convert.reset", "simulate.duration_ms"],
    )
    (point,) = content["points"]
    assert point["values"] == {"convert.reset": "subtract", "simulate.duration_ms": 2}
    assert point["measures"] == first.measures
    assert point["folder"] == "points/1"


def test_the_table_has_a_bar_for_the_accuracy_and_says_what_failed(capsys, tmp_path):
    lines = drawn(golden.sweep()).splitlines()
    assert lines[0].strip() == "golden: 4 points, 1 failed"
    assert "75.00 % │ " + "█" * 8 + " " in lines[5]
    assert "100.00 % │ " + "█" * 10 + " " in lines[6]
    assert "failed" in lines[8]
    Console().sweep(golden.sweep(), tmp_path)
    said = capsys.readouterr().out
    assert "convert.reset=zero simulate.duration_ms=4: layer 'relu1': of no use, said a test" in said


def test_one_error_of_several_points_is_told_once():
    failed = golden.sweep().failed * 3
    assert errors(replace(golden.sweep(), points=failed)) == ["3 points: layer 'relu1': of no use, said a test"]


def test_a_long_table_ends_somewhere():
    text = drawn(replace(golden.sweep(), points=golden.sweep().points[:1] * 201))
    assert "201 points; the first 200" in text
    assert text.count("75.00 %") == 200


def test_narrow_terminal_gets_whole_values_and_fewer_columns():
    told = drawn(golden.sweep(), width=60)
    assert "subtract" in told
    assert "accuracy" in told
    assert "time" not in told
    assert all(len(line) <= 60 for line in told.splitlines())
