"""Charts put numbers where they belong; positions are derived by hand."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from snn_report_html.charts.bars import Row, measured_bars, paired_bars, stacked_bars
from snn_report_html.charts.graph import Row as Layer
from snn_report_html.charts.graph import graph
from snn_report_html.charts.histogram import compared_histogram, histogram
from snn_report_html.charts.lines import Line, Mark, line_chart, picked
from snn_report_html.charts.matrix import matrix
from snn_report_html.charts.picture import picture, pixels
from snn_report_html.charts.raster import COLUMNS, marks, raster
from snn_report_html.charts.scales import Scale, linear, ticks
from snn_report_html.charts.scatter import scatter


def parts(chart, tag, kind=""):
    return [found for found in ET.fromstring(chart).iter(tag) if kind in found.get("class", "")]  # noqa: S314  our own


def test_a_linear_scale_puts_half_in_the_middle_and_keeps_what_lies_outside_at_its_ends():
    scale = Scale(0, 10, 100, 200)
    assert [scale(value) for value in (0, 5, 10, 20, -1)] == [100, 150, 200, 200, 100]


def test_a_logarithmic_scale_gives_each_factor_the_same_way():
    scale = Scale(1, 100, 0, 200, logarithmic=True)
    assert [scale(value) for value in (1, 10, 100)] == pytest.approx([0, 100, 200])


def test_axes_end_at_round_numbers():
    scale = linear([0.03, 0.87], 0, 1, zero=True)
    assert (scale.low, scale.high) == (0, 1)
    assert ticks(scale) == [0, 0.5, 1]
    assert ticks(Scale(230, 700, 0, 1, logarithmic=True), 5) == [300, 400, 500, 600, 700]
    assert ticks(Scale(1, 1e6, 0, 1, logarithmic=True), 6) == [1, 10, 100, 1000, 1e4, 1e5, 1e6]


def test_a_line_goes_through_its_points():
    line = Line("n", "spiking", np.array([1.0, 2.0, 4.0]), np.array([0.0, 0.5, 1.0]))
    chart = line_chart("t", "d", [line], ("x", "y"), bounds=(0, 1))
    (drawn,) = parts(chart, "path", "line spiking")
    # x from 0 to 4 at 44 to 382.1 (room for a name of one bold character and 10 pixels), y from 0 to 1 at 206 to 26
    assert drawn.get("d") == "M128.5 206.0L213.1 116.0L382.1 26.0"
    (dot,) = parts(chart, "circle")
    assert (dot.get("cx"), dot.get("cy")) == ("382.1", "26")


def test_names_of_lines_stand_at_their_ends_without_touching():
    x, lines = np.array([1.0, 2.0]), []
    for name, end in (("a", 0.5), ("b", 0.51), ("c", 0.1)):
        lines.append(Line(name, "spiking", x, np.array([0.0, end])))
    chart = line_chart("t", "d", lines, ("x", "y"), across=[Mark("m", "analog", 0.505)], bounds=(0, 1))
    places = sorted(float(label.get("y")) for label in parts(chart, "text", "label"))
    assert len(places) == 4
    assert min(np.diff(places)) >= 14 - 1e-6


def test_long_lines_are_thinned_out_but_keep_their_ends():
    for logarithmic in (False, True):
        found = picked(10_000, logarithmic=logarithmic)
        assert (found[0], found[-1]) == (0, 9999)
        assert len(found) <= 300
    assert picked(300, logarithmic=True) == list(range(300))


def test_a_single_step_is_a_dot():
    chart = line_chart("t", "d", [Line("n", "spiking", np.ones(1), np.ones(1))], ("x", "y"), bounds=(0, 1))
    assert len(parts(chart, "circle")) == 1
    assert not parts(chart, "path", "line spiking")


def test_stacked_parts_lie_end_to_end_and_negative_ones_left_of_zero():
    row = Row("l", {"inherited": 3.0, "clipping": -1.0, "quantisation": 1.0}, "3")
    found = parts(stacked_bars("t", "d", [row], str), "rect")
    # from -1 to 4 over 400 - 16.3 pixels: 76.7 a unit
    places = {bar.get("class"): (float(bar.get("x")), float(bar.get("width"))) for bar in found}
    assert places["fill clipping"] == pytest.approx((0, 76.7), abs=0.06)
    assert places["fill inherited"] == pytest.approx((76.7, 230.2), abs=0.06)
    assert places["fill quantisation"] == pytest.approx((307.0, 76.7), abs=0.06)


def test_paired_bars_are_as_long_as_their_values():
    chart = paired_bars("t", "d", [("spiking", "spiking", 4.0, "4"), ("analog", "analog", 1.0, "1")])
    widths = [float(bar.get("width")) for bar in parts(chart, "rect")]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.2)


def test_correlations_are_read_from_nine_tenths_on_and_poor_ones_stand_out():
    chart = measured_bars("t", "d", [("a", 0.99, ""), ("b", 0.92, "")], 0.95)
    bars = parts(chart, "rect", "fill")
    assert [(bar.get("class"), bar.get("width")) for bar in bars] == [("fill spiking", "360"), ("fill wrong", "80")]


def test_a_scatter_has_a_dot_a_point_and_equal_axes():
    chart = scatter("t", "d", np.array([[0, 0], [1, 0.5], [0.5, 1]]), ("a", "b"))
    (dots,) = parts(chart, "path", "points")
    # a square of 146 pixels from (36, 170) up to (182, 24)
    assert dots.get("d") == "M36 170h0M182 97h0M109 24h0"


def test_both_histograms_count_on_the_same_bins():
    chart = compared_histogram("t", "d", np.array([0.0, 1.0]), np.array([0.0, 0.0, 1.0]), "v")
    bars = parts(chart, "rect", "spiking")
    assert [bar.find("title").text.rpartition(": ")[2] for bar in bars] == ["2", "1"]
    assert float(bars[0].get("height")) == pytest.approx(2 * float(bars[1].get("height")), abs=0.1)


def test_a_histogram_counts_every_value():
    chart = histogram("t", "d", np.array([1.0, 1.0, 2.0]), ("x", "y"), bins=np.array([0.5, 1.5, 2.5]))
    assert [bar.find("title").text for bar in parts(chart, "rect")] == ["0.5 to 1.5: 2", "1.5 to 2.5: 1"]


def test_each_spike_of_a_short_run_is_a_mark_of_its_own():
    assert marks(np.array([0, 0, 1]), np.array([0, 1, 3]), 4) == [(0, 0, 1), (0, 1, 1), (1, 3, 1)]


def test_spikes_that_share_a_pixel_are_one_mark_and_neighbours_are_joined():
    steps = np.arange(0, 10_000)
    assert marks(np.zeros(10_000, int), steps, 10_000) == [(0, 0, COLUMNS)]
    assert marks(np.zeros(2, int), np.array([0, 1]), 10_000) == [(0, 0, 1)]


def test_a_raster_has_a_row_a_neuron_and_time_along_it():
    chart = raster("t", "d", np.array([0, 1]), np.array([0, 3]), 2, (4, 1.0))
    (drawn,) = parts(chart, "path", "spikes")
    # four steps of 98 pixels from 4 on, a quarter of each left free; two rows of 20 pixels from 4 on
    assert drawn.get("d") == "M4.0 14.0h73.5M298.0 34.0h73.5"


def test_a_matrix_tells_right_from_wrong_and_leaves_empty_cells_empty():
    chart = matrix("t", "d", np.array([[3, 1, 0], [0, 4, 0]]), "given", undecided=False)
    cells = parts(chart, "rect", "fill")
    assert [(cell.get("class"), cell.get("opacity")) for cell in cells] == [
        ("fill right", "0.9"),
        ("fill wrong", "0.5"),
        ("fill right", "1"),
    ]
    assert [found.text for found in parts(chart, "text", "cell")] == ["3", "1", "4"]
    assert len(parts(matrix("t", "d", np.array([[3, 1, 2], [0, 4, 0]]), "given", undecided=True), "rect", "fill")) == 4


def test_a_picture_goes_from_black_to_white():
    sample = np.array([[[0.0, 0.5], [1.0, -1.0]]], np.float32)
    np.testing.assert_array_equal(pixels(sample)[..., 0], [[128, 191], [255, 0]])
    assert pixels(np.ones((3, 5, 4), np.float32)).shape == (5, 4, 3)
    assert pixels(np.zeros(100, np.float32)).shape == (10, 10, 1)
    assert max(pixels(np.zeros((1, 1000, 700), np.float32)).shape) <= 160
    assert picture(np.zeros((2, 3, 3), np.float32)).startswith("data:image/png;base64,")


def test_a_graph_has_a_row_a_layer_and_a_line_from_what_was_folded_to_where_it_went():
    rows = [
        Layer("a", "Input", "Input"),
        Layer("b", "Conv", "Conv", ("a",), ("a",)),
        Layer("n", "BatchNorm", "", ("b",), (), into=("b",)),
        Layer("c", "relu", "IntegrateFire", ("n", "a"), ("b", "a"), neuron=True),
    ]
    chart = graph("t", "d", rows)
    boxes = [(float(box.get("x")), float(box.get("y")), box.get("class")) for box in parts(chart, "rect")]
    # rows of 30 pixels from 22 on, boxes 20 high, from 22 and from 266
    assert boxes == [
        (22, 27, "box"),
        (266, 27, "box"),
        (22, 57, "box"),
        (266, 57, "box"),
        (22, 87, "box gone"),
        (22, 117, "box"),
        (266, 117, "box neuron"),
    ]
    (into,) = parts(chart, "path", "into")
    assert into.get("d") == "M134 97C204 97 196 67 266 67"
    edges = [edge.get("d") for edge in parts(chart, "path", "edge")]
    assert sum("V" in edge for edge in edges) == 5  # to the next below
    assert sum("C" in edge for edge in edges) == 2  # past others, outside
