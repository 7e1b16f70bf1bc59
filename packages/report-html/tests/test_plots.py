"""Plots are files, a folder a layer, and what cannot be drawn is told."""

from __future__ import annotations

import dataclasses
import logging

import pytest
from snn.errors import SettingsError
from snn_report_html.figures import catalogue
from snn_report_html.figures.pictures import safe
from snn_report_html.plots import Plots

from . import results

LAYER = {
    "correlations",
    "rate_distribution",
    "activations",
    "rates",
    "rates_minus_activations",
    "spike_trains",
    "potentials",
    "normalisation",
}


def written(folder):
    return sorted(str(path.relative_to(folder / "plots")) for path in (folder / "plots").rglob("*") if path.is_file())


def test_every_plot_is_a_file_and_those_of_a_layer_are_in_its_folder(tmp_path, caplog):
    Plots(dpi=20).report(results.result(), tmp_path)
    found = written(tmp_path)
    whole = set(catalogue.PLOTS) - LAYER - {"weights"}
    assert {name for name in found if "/" not in name} == {f"{name}.png" for name in whole}
    assert {name for name in found if name.startswith("3-relu/")} == {f"3-relu/{name}.png" for name in LAYER}
    assert {name for name in found if name.endswith("weights.png")} == {"2-dense0/weights.png", "4-classes/weights.png"}
    assert not caplog.records
    assert all((tmp_path / "plots" / name).read_bytes().startswith(b"\x89PNG") for name in found)


def test_the_same_result_makes_the_same_files_in_every_format(tmp_path):
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    plots = Plots(which=("error_over_time", "spike_trains"), format=("png", "svg", "pdf"), dpi=20)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        plots.report(results.result(), tmp_path / name)
    assert len(written(tmp_path / "a")) == 6
    for name in written(tmp_path / "a"):
        content = (tmp_path / "a/plots" / name).read_bytes()
        assert content.startswith(starts[name.rpartition(".")[2]])
        assert content == (tmp_path / "b/plots" / name).read_bytes()


@pytest.mark.parametrize("name", ["層/活性化", "$x^2", "_hidden", "a\tb\nc", "%d {} \\frac"])
def test_layers_may_have_any_name(name, tmp_path):
    Plots(which=("spike_count", "pearson"), dpi=20).report(results.result(name), tmp_path)
    assert len(written(tmp_path)) == 2


def test_only_the_plots_that_are_named_are_drawn(tmp_path):
    Plots(which=("confusion", "pearson"), format="svg").report(results.result(), tmp_path)
    assert written(tmp_path) == ["confusion.svg", "pearson.svg"]


def test_what_cannot_be_drawn_is_told_with_its_reason(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        Plots(dpi=20).report(results.bare(), tmp_path)
    assert not (tmp_path / "plots").exists()
    (record,) = caplog.records
    for name in catalogue.PLOTS:
        assert name in record.message
    assert "run it again with 'plots' among report.reporters" in record.message


def test_a_layer_cannot_name_a_folder_outside_the_run(tmp_path):
    Plots(which=("correlations",), dpi=20).report(results.result("../../$etc/<pass>\n$x$"), tmp_path)
    assert written(tmp_path) == ["3-etc_pass_x/correlations.png", "5-classes_readout/correlations.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["plots"]
    assert safe("..") == "layer"
    assert len(safe("x" * 500)) == 60


@pytest.mark.parametrize(
    "sizes", [{"steps": 1, "samples": 1, "classes": 1, "spikes": False}, {"shape": (3, 5, 4)}], ids=["least", "colours"]
)
def test_results_of_any_size_can_be_drawn(sizes, tmp_path, caplog):
    Plots(dpi=10).report(results.result(**sizes), tmp_path)
    assert len(written(tmp_path)) > 20
    assert not caplog.records


def test_without_a_normalised_network_only_its_plots_are_left_out(tmp_path, caplog):
    result = results.result()
    result = dataclasses.replace(result, networks={"spiking": result.networks["spiking"]})
    Plots(which=("weights", "confusion"), dpi=20).report(result, tmp_path)
    assert written(tmp_path) == ["confusion.png"]
    assert "weights (the network was never analog, or was not normalised)" in caplog.text


def test_a_plot_that_is_not_known_suggests_the_near_one():
    with pytest.raises(ValueError, match="unknown key; did you mean 'confusion'"):
        Plots(which=("confusions",))
    with pytest.raises(SettingsError, match="format"):
        Plots(format="gif")
