"""What --over says: values between commas as TOML has them, and ranges that do not drift."""

from __future__ import annotations

import pytest
from snn import over
from snn.errors import SettingsError


def values(text):
    (found,) = over.read([f"t.k={text}"])
    assert found.setting == "t.k"
    return list(found.values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("subtract,zero", ["subtract", "zero"]),
        ("1,2.5,true,x y", [1, 2.5, True, "x y"]),
        (" 1 , 2 ", [1, 2]),
        ("[],[\"percentile\"],['a,b']", [[], ["percentile"], ["a,b"]]),
        ('"a,b","c"', ["a,b", "c"]),
        (r'"a\",b",2', ['a",b', 2]),
        ("'a\\',2", ["a\\", 2]),  # in TOML a backslash in single quotes is one
        ("{a = 1, b = [1, 2]},{}", [{"a": 1, "b": [1, 2]}, {}]),
        ('""', [""]),
        ("it's,that", ["it's", "that"]),
        ('"20:200:20"', ["20:200:20"]),
        ("a:b,C:\\x", ["a:b", "C:\\x"]),
    ],
)
def test_values_are_split_at_commas_outside_brackets_and_quotes(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20:200:60", [20, 80, 140, 200]),
        ("0.1:0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("0:1:0.25", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("3:1:-1", [3, 2, 1]),
        ("-1:1:1", [-1, 0, 1]),
        ("1:10:4", [1, 5, 9]),  # 13 is beyond the end
        ("5:5:1", [5]),
        ("1e-3:3e-3:1e-3", [0.001, 0.002, 0.003]),
        ("1,2,10:30:10", [1, 2, 10, 20, 30]),
    ],
)
def test_a_range_includes_its_end_and_does_not_drift(text, expected):
    found = values(text)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t.k", "TABLE.KEY=VALUES"),
        ("=1", "TABLE.KEY=VALUES"),
        ("t..k=1", "TABLE.KEY=VALUES"),
        ("t.k=", "missing"),
        ("t.k=1,,2", "missing"),
        ("t.k=1,2,", "missing"),
        ("t.k=1:5", "A:B:S"),
        ("t.k=1:5:1:2", "A:B:S"),
        ("t.k=1:x:2", "A:B:S"),
        ("t.k=1:5:0", "never"),
        ("t.k=5:1:1", "never"),
        ("t.k=1:5:-1", "never"),
        ("t.k=1:1e99:1", "10,000"),
        ("t.k=0:9999999999:1e-99", "10,000"),
        ("t.k=1,2,1", "twice"),
        ("t.k=[1,2", "closed"),
        ('t.k="a,b', "closed"),
        ("t.k=2020-01-01,2", "2020"),
    ],
)
def test_what_is_no_list_of_values_is_refused_by_its_name(text, words):
    with pytest.raises(SettingsError, match=words) as refused:
        over.read([text])
    assert "--over t" in str(refused.value) or f"--over {text}" in str(refused.value)
    assert refused.value.hint


def test_points_are_all_combinations_and_the_last_setting_changes_fastest():
    overs = over.read(["a=x,y", "b.c=1:2:1"])
    expected = [("x", 1), ("x", 2), ("y", 1), ("y", 2)]
    assert [tuple(point.values()) for point in over.combinations(overs)] == expected
    assert [list(point) for point in over.combinations(overs)] == [["a", "b.c"]] * 4


def test_more_points_than_anybody_waits_for_are_refused():
    with pytest.raises(SettingsError, match=r"200 × 51 = 10,200 points"):
        over.read(["a=1:200:1", "b=0:50:1"])
    assert len(list(over.combinations(over.read(["a=1:200:1", "b=1:50:1"])))) == 10_000


def test_a_setting_is_swept_once():
    with pytest.raises(SettingsError, match=r"t\.k: given twice"):
        over.read(["t.k=1", "t . k=2"])
    with pytest.raises(SettingsError, match="nothing to sweep"):
        over.read([])


def test_values_are_put_where_the_run_file_has_them():
    tables = {"name": "n", "simulate": {"batch": 3, "duration_ms": 5}}
    found = over.assigned(tables, {"simulate.duration_ms": 20, "convert.reset": "zero", "seed": 4})
    assert found == {"name": "n", "simulate": {"batch": 3, "duration_ms": 20}, "convert": {"reset": "zero"}, "seed": 4}
    assert tables["simulate"]["duration_ms"] == 5
    with pytest.raises(SettingsError, match=r"--over name\.x: 'name' is a value"):
        over.assigned(tables, {"name.x": 1})
