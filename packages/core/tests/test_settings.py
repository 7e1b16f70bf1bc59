"""Settings are checked all at once, by name, type and bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pytest
from msgspec import Meta
from snn import settings
from snn.errors import SettingsError
from snn.settings import PositiveFloat, PositiveInt, Share


@dataclass(frozen=True)
class Table:
    duration_ms: PositiveFloat = 200.0
    batch: PositiveInt = 100
    share: Share = 0.5
    reset: Literal["subtract", "zero"] = "subtract"
    initial: Annotated[Share | Literal["uniform", "bias"], Meta(description="At the start.")] = 0.5
    steps: tuple[str, ...] = ()
    spiking: bool = False
    angle: Annotated[float, Meta(ge=-1, lt=1)] = 0.0

    def __post_init__(self):
        if self.batch == 13:
            raise ValueError("batch and fortune do not go together")


@dataclass(frozen=True)
class Needy:
    path: str


def refused(table, *told, kind=Table):
    with pytest.raises(SettingsError) as caught:
        settings.read(table, kind, "simulate")
    lines = str(caught.value).splitlines()
    assert all(line.startswith("[simulate] ") for line in lines)
    assert len(lines) == len(told)
    for line, words in zip(lines, told, strict=True):
        assert words in line
    return caught.value


def test_nothing_gives_the_defaults():
    assert settings.read({}, Table, "simulate") == Table()


def test_whole_numbers_may_stand_for_floats():
    found = settings.read({"duration_ms": 50, "steps": ["a", "b"]}, Table, "simulate")
    assert (found.duration_ms, found.steps) == (50.0, ("a", "b"))
    assert type(found.duration_ms) is float


def test_numbers_may_be_those_of_numpy():
    found = settings.read({"batch": np.int64(3), "share": np.float32(0.25), "spiking": np.True_}, Table, "simulate")
    assert (found.batch, found.share, found.spiking) == (3, 0.25, True)
    assert type(found.share) is float
    refused({"batch": np.ones(2)}, "batch: ")


def test_unknown_key_suggests_the_near_one():
    refused({"duraton_ms": 1}, "duraton_ms: unknown key; did you mean 'duration_ms'?")


def test_key_near_to_none_gets_the_list():
    refused({"x": 1}, "x: unknown key; known keys: duration_ms, batch, share, reset, initial, steps, spiking, angle")


@pytest.mark.parametrize("key", [1, None, ("a", "b")])
def test_key_that_is_no_string_is_unknown(key):
    refused({key: 1}, "unknown key")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("duration_ms", "2", "Expected `float`, got `str`, got '2'"),
        ("duration_ms", True, "Expected `float`, got `bool`"),
        ("duration_ms", 0, "> 0"),
        ("duration_ms", float("nan"), "got nan"),
        ("duration_ms", float("inf"), "1.797"),
        ("duration_ms", None, "got `null`"),
        ("batch", 2.5, "Expected `int`, got `float`"),
        ("batch", True, "Expected `int`, got `bool`"),
        ("batch", 0, ">= 1"),
        ("share", 1.01, "<= 1"),
        ("share", -0.01, ">= 0"),
        ("angle", 1, "< 1"),
        ("reset", "Zero", "Zero"),
        ("steps", "one", "Expected `array`, got `str`"),
        ("steps", ["one", 2], "Expected `str`, got `int`"),
        ("spiking", 1, "Expected `bool`, got `int`"),
        ("spiking", "true", "Expected `bool`, got `str`"),
    ],
)
def test_value_of_another_type_or_out_of_bounds_is_refused(key, value, told):
    assert told in str(refused({key: value}, f"{key}: "))


def test_a_name_where_a_number_or_some_names_are_wanted_gets_the_names():
    refused({"initial": "bais"}, "[simulate] initial: 'bais' is no number and none of 'uniform', 'bias'")


def test_all_faults_are_told_at_once():
    refused(
        {"batch": 0, "shore": 1, "share": "half"}, "batch: ", "shore: unknown key; did you mean 'share'?", "share: "
    )


def test_values_that_do_not_go_together_are_refused():
    refused({"batch": 13}, "batch and fortune do not go together")


def test_missing_key_is_named():
    refused({}, "'path'", kind=Needy)


@pytest.mark.parametrize("table", [3, "text", [], None, True])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(SettingsError, match=r"\[simulate\] must be a table") as caught:
        settings.read(table, Table, "simulate")
    assert caught.value.hint
