"""The page says what the result says, whatever is missing and whatever things are called."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from snn.errors import SettingsError
from snn.testing import golden_results
from snn_report_html.html import Html
from snn_report_html.page import page

from . import results
from .reading import Page, charts

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</style><b>",
    "a'b&amp;\u202e",
]
SECTIONS = ["accuracy", "layers", "values", "spikes", "work", "latency", "confusion", "networks", "settings"]


def test_page_is_well_formed_and_so_is_every_chart_in_it():
    text = page(results.result())
    read = Page(text)
    assert read.tags.count("svg") == len(charts(text)) > 8
    for chart in charts(text):
        assert chart.attrib["role"] == "img"
        assert chart.find("title").text
        assert chart.find("desc").text


def test_page_has_every_section_in_order_and_a_link_to_each():
    text = page(results.result())
    assert re.findall(r'<section id="(\w+)"', text) == ["verdict", *SECTIONS]
    assert re.findall(r'href="#(\w+)"', text) == SECTIONS


def test_page_reaches_for_nothing_outside_itself():
    text = page(results.result())
    assert "http" not in text.replace("http-equiv", "")
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in Page(text).attributes
    assert not {"script", "link", "iframe", "object"} & set(Page(text).tags)
    assert all(value.startswith("data:image/png;base64,") for name, value in Page(text).attributes if name == "src")
    assert all(value.startswith("#") for name, value in Page(text).attributes if name == "href")
    assert "@import" not in text
    assert "url(" not in text


def test_the_numbers_of_the_golden_result_are_on_the_page():
    read = Page(page(golden_results.result())).text
    assert "the spiking network keeps the accuracy of the analog one" in read
    assert "Spiking accuracy 75.00 % 95 % interval 30.1 % to 95.4 %" in read  # Wilson for 3 of 4
    assert "Analog accuracy 75.00 %" in read
    assert "Agreement 100.00 % another class for 0 of 4 samples" in read
    assert "Operations 0.172 × 40 a sample, against 232 multiply-adds" in read
    assert "Latency 1.38 ms until a class is final, on average" in read  # 2, 2, 4 and 3 steps of 0.5 ms
    assert "4 samples, 4 steps of 0.5 ms, backend reference" in read
    assert "0.5 ms 0.00 %" in read


def test_a_loss_is_told_as_one_and_as_uncertain_where_it_is():
    result = golden_results.result()
    wrong = result.spiking.copy()
    wrong[-1] = [0, 1, 0, 1]
    assert "is 25.00 points below the analog one, which is within the uncertainty of 4 samples" in page(
        dataclasses.replace(result, spiking=wrong)
    )
    many = {name: np.repeat(getattr(result, name), 50) for name in ("labels", "analog")}
    told = page(dataclasses.replace(result, spiking=np.repeat(wrong, 50, axis=1), operations=None, **many))
    assert "loses 25.00 points of accuracy against the analog one" in told


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    plain = page(results.result())
    result = dataclasses.replace(results.result(name), name=name, backend=name, command=name, facts={name: name})
    text = page(dataclasses.replace(result, tables={"name": name}))
    assert Page(text).tags == Page(plain).tags
    assert {key for key, _ in Page(text).attributes} == {key for key, _ in Page(plain).attributes}
    assert name in "".join(Page(text).texts)
    assert name in [chart.find("title").text.partition(": spikes")[0] for chart in charts(text)]


def test_what_is_missing_is_said_in_a_line_with_how_to_get_it():
    text = page(results.bare())
    read = Page(text).text
    assert "The samples have no labels" in read
    assert "run it again with measure.layers = true" in read
    assert "run it again with 'html' among report.reporters" in read
    assert "Backend 'reference' does not count operations" in read
    assert re.findall(r'<section id="(\w+)"', text) == ["verdict", *SECTIONS]


@pytest.mark.parametrize(
    "sizes",
    [
        {"classes": 1},
        {"classes": 1000, "samples": 300},
        {"classes": 11},
        {"steps": 1},
        {"steps": 10_000, "samples": 3},
        {"samples": 1},
        {"spikes": False},
        {"shape": (3, 8, 8)},
        {"shape": (5,)},
        {"shape": (4, 6)},
        {"depth": 30, "hidden": 40},
    ],
    ids=str,
)
def test_results_of_any_size_make_a_page_under_a_megabyte(sizes):
    text = page(results.result(**sizes))
    Page(text)
    charts(text)
    assert len(text.encode()) < 1_000_000
    assert not re.search(r"\b(nan|inf)\b", re.sub(r'"data:[^"]+"', "", text))


def test_a_result_of_the_size_of_mnist_makes_a_page_under_a_megabyte():
    result = results.result(hidden=1500, depth=3, classes=10, samples=1000, steps=64, shape=(1, 28, 28))
    points = np.random.default_rng(0).random((4000, 2)).astype(np.float32)
    layers = tuple(dataclasses.replace(layer, points=points) for layer in result.layers)
    assert 50_000 < len(page(dataclasses.replace(result, layers=layers)).encode()) < 500_000


def test_many_classes_are_told_as_what_is_confused_most():
    result = results.result(classes=1000, samples=300)
    labels, given = result.labels.copy(), result.spiking.copy()
    labels[:5], given[-1, :5] = 7, 423
    text = page(dataclasses.replace(result, labels=labels, spiking=given))
    assert "There are 1,000 classes, too many for a matrix." in text
    assert re.search(r'<th scope="row">7</th><td>423</td><td>5</td>', text)


def test_top_k_is_told_where_there_are_more_than_ten_classes():
    assert "top 5" in page(results.result(classes=11))
    assert "top 5" not in page(results.result(classes=10))


def test_layers_that_were_folded_stand_in_the_table_with_what_became_of_them():
    result = results.result()
    spiking = result.networks["spiking"]
    told = dataclasses.replace(spiking, provenance=(*spiking.provenance, "folded 'norm' into 'dense0'"))
    parsed = result.networks["parsed"]
    norm = type(parsed.layers[1])(name="norm", inputs=("flat",))
    before = (*parsed.layers[:2], norm, dataclasses.replace(parsed.layers[2], inputs=("norm",)), *parsed.layers[3:])
    networks = {**result.networks, "parsed": dataclasses.replace(parsed, layers=before), "spiking": told}
    text = page(dataclasses.replace(result, networks=networks))
    assert re.search(r'<tr class="gone"><th scope="row">norm</th>.*folded &#39;norm&#39; into &#39;dense0&#39;', text)


def test_poor_layers_are_marked_and_the_advice_is_on_top():
    result = results.result()
    poor = tuple(dataclasses.replace(layer, correlation=0.5) for layer in result.layers)
    text = page(dataclasses.replace(result, layers=poor))
    assert text.index("What to try.") < text.index('id="accuracy"')
    assert '<td class="poor">0.5000</td>' in text
    assert "What to try." not in page(result)


def test_accuracy_that_falls_again_is_told():
    result = results.result(samples=100)
    right = np.tile(result.labels, (4, 1))
    right[3, :50] = -1
    text = Page(page(dataclasses.replace(result, spiking=right))).text
    assert "The accuracy is highest, 100.00 %, after 1 ms, and falls from there" in text


def test_page_is_for_light_and_dark_screens_and_for_paper():
    text = page(results.result())
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text
    assert 'name="color-scheme" content="light dark"' in text
    assert 'name="viewport"' in text
    for colour in re.findall(r"var\((--[\w-]+)\)", text):
        assert text.count(f"{colour}: #") == 3, colour  # light, dark, print


def test_the_same_result_makes_the_same_page():
    assert page(results.result()) == page(results.result())


def test_title_and_name_of_the_file_are_settings(tmp_path):
    Html(file="a.html", title="My <run>").report(golden_results.result(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert "<h1>My &lt;run&gt;</h1>" in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../a.html", "a/b.html", "a.txt", "", "..\\a.html"])
def test_the_page_cannot_be_written_outside_the_run_folder(name):
    with pytest.raises(SettingsError, match="file"):
        Html(file=name)
