"""What is written as TOML is read back the same; what is no TOML is told with its file."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn import toml
from snn.errors import SettingsError

EXAMPLES = settings(max_examples=300, deadline=None, derandomize=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
TABLES = st.recursive(
    st.dictionaries(TEXT, SCALARS | st.lists(SCALARS, max_size=3), max_size=4),
    lambda inner: st.dictionaries(TEXT, inner | SCALARS, max_size=3),
    max_leaves=5,
)


@EXAMPLES
@given(TABLES)
def test_tables_survive(tables):
    assert toml.tomllib.loads(toml.write(tables)) == tables


def test_floats_that_are_no_numbers_survive():
    assert math.isnan(toml.tomllib.loads(toml.write({"a": math.nan}))["a"])
    assert toml.tomllib.loads(toml.write({"a": [math.inf, -math.inf, 1e22, 5e-324]})) == {
        "a": [math.inf, -math.inf, 1e22, 5e-324]
    }


def test_none_is_left_out_and_tuples_are_lists():
    assert toml.write({"a": None, "b": (1, 2), "c": {"d": None}}) == "b = [1, 2]\n\n[c]\n"


def test_table_of_tables_needs_no_heading_of_its_own():
    assert toml.write({"backend": {"x": {"a": 1}}}) == "[backend.x]\na = 1\n"


class Half(float):
    def __repr__(self):
        return "Half()"


def test_subclasses_of_numbers_are_written_as_numbers():
    assert toml.write({"a": Half(0.5)}) == "a = 0.5\n"


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("a.b=1", 1),
        ("a.b=1.0", 1.0),
        (" a . b = true ", True),
        ("a.b=", ""),
        ("a.b=word", "word"),
        ('a.b="1"', "1"),
        ("a.b=x=y", "x=y"),
        ("a.b=['one', 'two']", ["one", "two"]),
        ("a.b=[one", "[one"),
        ("a.b=C:\\data", "C:\\data"),
        ("a.b=" + "[" * 100_000, "[" * 100_000),
        ("a.b=" + "9" * 5000, "9" * 5000),
    ],
)
def test_assignment_is_toml_where_it_can_be_and_a_string_elsewhere(assignment, value):
    found = toml.assign({"a": {"c": 0}}, assignment)
    assert found == {"a": {"c": 0, "b": value}}
    assert type(found["a"]["b"]) is type(value)


def test_assignment_outside_any_table_and_deep_in_tables():
    assert toml.assign({}, "seed=3") == {"seed": 3}
    assert toml.assign({}, "backend.x.y=3") == {"backend": {"x": {"y": 3}}}


def test_assignment_changes_nothing_that_was_given():
    tables = {"a": {"b": 1}}
    toml.assign(tables, "a.b=2")
    assert tables == {"a": {"b": 1}}


@pytest.mark.parametrize("assignment", ["a.b", "=1", "a.=1", ".b=1", "", "a..b=1"])
def test_assignment_of_another_form_is_refused(assignment):
    with pytest.raises(SettingsError, match=r"not of the form TABLE\.KEY=VALUE"):
        toml.assign({}, assignment)


def test_assignment_into_a_value_is_refused():
    with pytest.raises(SettingsError, match=r"--set seed\.x=1: 'seed' is a value, not a table"):
        toml.assign({"seed": 3}, "seed.x=1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a = ", "is no TOML"),
        (b"a = 1\na = 2", "is no TOML"),
        (b"a = '\xff'", "is no TOML"),
        (b"a = " + b"[" * 100_000, "is no TOML"),
        (b"a = " + b"9" * 5000, "is no TOML"),
        (b"\x00", "is no TOML"),
    ],
)
def test_file_that_is_no_toml_is_named(tmp_path, content, told):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=told) as caught:
        toml.read(path)
    assert str(path) in str(caught.value)


def test_file_may_begin_with_a_mark_and_have_any_line_ends(tmp_path):
    (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbfname = 'x'\r\n[a]\r\nb = 1\r\n")
    assert toml.read(tmp_path / "run.toml") == {"name": "x", "a": {"b": 1}}


def test_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"run\.toml cannot be read: No such file"):
        toml.read(tmp_path / "run.toml")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        toml.read(tmp_path)
