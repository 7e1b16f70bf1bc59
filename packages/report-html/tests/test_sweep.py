"""The page and the plot of a sweep."""

from __future__ import annotations

import dataclasses
import re

import pytest
from snn.swept import Point, Sweep
from snn.testing import golden_results
from snn_report_html.html import Html
from snn_report_html.plots import Plots
from snn_report_html.sweep_page import sweep_page
from snn_report_html.trend import best, measure, trend

from . import browser
from .reading import Page, charts


def points(**measures):
    """Return a sweep of one setting with three values."""
    found = [
        Point(
            {"simulate.duration_ms": d},
            "done",
            "",
            {**measures, "accuracy": a},
            golden_results.sweep().points[0].folder,
        )
        for d, a in ((10, 0.5), (20, 0.75), (80, 0.75))
    ]
    return Sweep("s", ("simulate.duration_ms",), tuple(found))


def test_curves_go_over_the_first_numeric_setting_with_a_line_for_each_value_of_the_others():
    found = trend(golden_results.sweep())
    assert (found.setting, found.measure) == ("simulate.duration_ms", "accuracy")
    assert [(curve.label, curve.short, curve.x, curve.y) for curve in found.curves] == [
        ("convert.reset=subtract", "reset=subtract", (2, 4), (0.75, 1.0)),
        ("convert.reset=zero", "reset=zero", (2,), (0.5,)),
    ]


def test_settings_in_factors_get_a_logarithmic_axis():
    assert trend(points()).logarithmic
    assert not trend(golden_results.sweep()).logarithmic


def test_without_accuracy_points_are_judged_by_agreement():
    sweep = golden_results.sweep()
    bare = [
        dataclasses.replace(p, measures={k: v for k, v in p.measures.items() if k != "accuracy"}) for p in sweep.points
    ]
    sweep = dataclasses.replace(sweep, points=tuple(bare))
    assert measure(sweep) == "agreement"
    assert best(sweep) is sweep.points[0]


def test_of_equally_good_points_the_one_with_the_fewest_operations_is_best():
    sweep = points()
    work = dict(zip((10, 20, 80), (1.0, 9.0, 3.0), strict=True))
    found = [
        dataclasses.replace(p, measures={**p.measures, "operations_per_sample": work[p.values["simulate.duration_ms"]]})
        for p in sweep.points
    ]
    assert best(dataclasses.replace(sweep, points=tuple(found))) is found[2]


def test_the_page_tells_the_best_point_every_value_and_what_failed(tmp_path):
    Html().sweep(golden_results.sweep(), tmp_path)
    text = (tmp_path / "sweep.html").read_text(encoding="utf-8")
    read = Page(text).text
    assert "The best accuracy, 100.00 %, comes with convert.reset=subtract simulate.duration_ms=4." in read
    assert "The analog network has 75.00 %." in read
    assert "convert.reset=zero simulate.duration_ms=4 layer 'relu1': of no use, said a test" in read
    assert len(charts(text)) == 2
    assert len(re.findall("<tr", text)) == 5
    assert "http" not in text.replace("http-equiv", "")


def test_points_lead_to_their_pages_where_there_are_any(tmp_path):
    sweep = golden_results.sweep()
    inside = tmp_path / "points" / "a b&c"
    inside.mkdir(parents=True)
    (inside / "report.html").touch()
    sweep = dataclasses.replace(sweep, points=(dataclasses.replace(sweep.points[0], folder=inside), *sweep.points[1:]))
    links = [value for name, value in Page(sweep_page(sweep, tmp_path)).attributes if name == "href"]
    assert links == ["points/a%20b%26c/report.html"]


def test_hostile_words_of_a_sweep_stay_text(tmp_path):
    hostile = "<script>alert(1)</script>"
    sweep = golden_results.sweep()
    values = [{"x.y": hostile, "n": number} for number in range(len(sweep.points))]
    changed = [dataclasses.replace(p, values=v, error=hostile) for p, v in zip(sweep.points, values, strict=True)]
    text = sweep_page(Sweep(hostile, ("x.y", "n"), tuple(changed)), tmp_path)
    assert "script" not in Page(text).tags
    assert hostile in "".join(Page(text).texts)
    charts(text)


KNOWN = {"accuracy_interval": [0.4, 0.6], "energy": [{"spiking": 1e-6}]}


@pytest.mark.parametrize("measures", [{}, KNOWN, {"energy": []}], ids=["none", "known", "empty"])
def test_any_measures_make_a_page(measures, tmp_path):
    text = sweep_page(points(**measures), tmp_path)
    assert ("40.0 – 60.0" in text) == ("accuracy_interval" in measures)
    assert ("1\u202fµJ" in text) == bool(measures.get("energy"))


def test_a_sweep_without_numbers_or_results_has_a_table_only(tmp_path):
    sweep = golden_results.sweep()
    failed = Sweep("s", sweep.settings, sweep.failed)
    assert not charts(sweep_page(failed, tmp_path))
    assert "No point has an accuracy" in sweep_page(failed, tmp_path)


def test_the_plot_of_a_sweep_is_a_file_or_told_to_be_left_out(tmp_path, caplog):
    Plots(dpi=20, format=("png", "svg")).sweep(golden_results.sweep(), tmp_path)
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["sweep.png", "sweep.svg"]
    assert not caplog.records
    sweep = golden_results.sweep()
    Plots().sweep(Sweep("s", sweep.settings, sweep.failed), tmp_path)
    assert "plots left out: sweep (no setting of the sweep is a number" in caplog.text


@pytest.mark.skipif(browser.program() is None, reason="no browser is installed")
def test_the_page_of_a_sweep_fits_telephones_and_wide_screens(tmp_path):
    seen = browser.look(sweep_page(golden_results.sweep(), tmp_path), tmp_path)
    assert seen.console == []
    for layout in seen.layouts:
        assert layout["needed"] <= layout["width"]
        assert layout["out"] == []
