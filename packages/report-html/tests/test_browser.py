"""The page in a real browser: nothing on the console, nothing wider than the screen, no text outside its chart."""

from __future__ import annotations

import dataclasses

import pytest
from snn_report_html.page import page

from . import browser, results

pytestmark = pytest.mark.skipif(
    browser.program() is None, reason=f"no browser is installed: none of {', '.join(browser.NAMES)} is found"
)
LONG = "model_with_a_very_long_name/" * 6


@pytest.mark.parametrize(
    "result",
    [
        results.result(classes=10, samples=200, steps=64),
        results.result(LONG, classes=1000, steps=300, depth=3),
        results.bare(),
    ],
    ids=["usual", "long names and many classes", "bare"],
)
def test_page_fits_telephones_and_wide_screens_without_an_error(result, tmp_path):
    result = dataclasses.replace(result, command=f"snn run '{LONG}/run.toml'")
    seen = browser.look(page(result), tmp_path)
    assert seen.console == []
    for layout in seen.layouts:
        assert layout["needed"] <= layout["width"], layout
        assert layout["height"] > 500
        assert layout["out"] == []


def test_this_browser_would_have_told(tmp_path):
    wide = '<div style="width:1000px">x</div>'
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    seen = browser.look(f"<!doctype html>{policy}<img src='http://localhost/x.png'>", tmp_path)
    assert any("Content Security Policy" in line for line in seen.console)
    assert browser.look(f"<!doctype html>{wide}", tmp_path).layouts[0]["needed"] >= 1000
