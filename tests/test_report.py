"""The example ends with a page, which can be made again from what the run kept."""

import re


def test_the_page_of_the_example_is_small_and_can_be_made_again_without_simulating(snn, tmp_path, example):
    short = ("--set", "data.count=100", "--set", "simulate.duration_ms=16")
    done = snn("run", example / "run.toml", *short, "--out", "kept")
    assert done.returncode == 0, done.stderr
    page = tmp_path / "kept/report.html"
    first = page.read_bytes()
    assert 50_000 < len(first) < 1_000_000
    text = first.decode()
    assert len(re.findall("<svg ", text)) > 15
    assert "run it again" not in text  # everything there is to show is there
    page.unlink()
    again = snn("report", "kept", "--with", "html")
    assert again.returncode == 0, again.stderr
    assert page.read_bytes() == first


def test_plots_of_the_example_are_drawn_without_a_warning(snn, tmp_path, example):
    words = ("--set", "data.count=20", "--set", "simulate.duration_ms=8", "--set", "reporter.plots.dpi=20")
    done = snn("run", example / "run.toml", *words, "--set", 'report.reporters=["plots"]', "--out", "kept")
    assert done.returncode == 0, done.stderr
    assert "left out" not in done.stderr
    # six of the whole, weights of three layers, eight of each of two hidden layers, and all but spikes of the output
    assert len(list((tmp_path / "kept/plots").rglob("*.png"))) == 6 + 3 + 2 * 8 + 7
