"""The settings that a Keras layer was saved with, read with care: each is checked, and none is passed over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from snn.errors import ParseError, UnsupportedLayer

Json: TypeAlias = object  # what json.loads gives; every use checks what it is

_WITHOUT_EFFECT = frozenset({"name", "trainable", "batch_input_shape", "batch_shape", "autocast", "input_dtype"})
_TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint")
_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"})
_POLICIES = frozenset({"DTypePolicy", "Policy", "PolicyV1", "FloatDTypePolicy"})
_LARGEST = 2**31


class Options:
    """The settings of one layer; ``close`` refuses the layer if there are some that nobody asked for."""

    def __init__(self, where: str, config: Mapping[str, Json]) -> None:
        self._where = where
        self._config = config
        self._read = set(_WITHOUT_EFFECT)

    def __contains__(self, key: str) -> bool:
        return key in self._config

    def value(self, key: str, default: Json = None) -> Json:
        """Return the setting as it is."""
        self._read.add(key)
        value = self._config.get(key, default)
        if isinstance(value, dict) and value.get("class_name") in (
            "__numpy__",
            "__tensor__",
        ):  # as Keras 2.12 writes them
            array = value.get("config")
            return array.get("value") if isinstance(array, dict) else None
        return value

    def ignore(self, *keys: str) -> None:
        """Say that ``keys`` do not change what a trained layer computes."""
        self._read.update(keys)

    def whole(self, key: str, default: int | None = None, low: int = 1) -> int:
        """Return a whole number of at least ``low``."""
        return self._number(key, self.value(key, default), low)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a yes or no."""
        value = self.value(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, value, "true or false")
        return value

    def real(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self.value(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
            raise self.fault(key, value, "a finite number")
        return float(value)

    def text(self, key: str, default: str, *choices: str) -> str:
        """Return one of the words in ``choices``, or any word if there are none."""
        value = self.value(key, default)
        if not isinstance(value, str) or (choices and value not in choices):
            raise self.fault(key, value, " or ".join(choices) or "a word")
        return value

    def sizes(self, key: str, count: int, default: Json = None, low: int = 1) -> tuple[int, ...]:
        """Return ``count`` whole numbers; a single one stands for all."""
        value = self.value(key, default)
        if isinstance(value, int):
            value = [value] * count
        if not isinstance(value, (list, tuple)) or len(value) != count:
            raise self.fault(key, value, f"{count} whole numbers")
        return tuple(self._number(key, item, low) for item in value)

    def fault(self, key: str, value: Json, wanted: str) -> ParseError:
        """Return the error of a setting that has the wrong kind of value."""
        return ParseError(f"{self._where}: its setting {key!r} is {_short(value)}, not {wanted}")

    def refuse(self, reason: str, hint: str = "") -> UnsupportedLayer:
        """Return the error of a layer that no layer of `snn.layers` stands for."""
        return UnsupportedLayer(f"{self._where} {reason}", hint=hint)

    def close(self) -> None:
        """Refuse the layer if it has a setting that was not asked for, and may change what it computes."""
        self._check_dtype(self.value("dtype"))
        for key, value in self._config.items():
            off = value is None or value is False
            if not (off or key in self._read or key.endswith(_TRAINING_ONLY)):
                raise self.refuse(
                    f"has the setting {key!r} = {_short(value)}, which this version does not know",
                    hint="upgrade snn-frontend-keras, or save the layer without this setting",
                )

    def _check_dtype(self, value: Json) -> None:
        if isinstance(value, dict) and value.get("class_name") in _POLICIES and isinstance(value.get("config"), dict):
            value = value["config"].get("name")
        if value is not None and not (isinstance(value, str) and value in _FLOATS):
            raise self.refuse(
                f"computes in {_short(value)}, not in floating point", hint="save the model before it is quantised"
            )

    def _number(self, key: str, value: Json, low: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _LARGEST:
            raise self.fault(key, value, f"a whole number of at least {low}")
        return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _short(value: Json) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply; or a number with more digits than Python prints
        return "too long to be shown"
    return text if len(text) <= 60 else f"{text[:57]}..."
