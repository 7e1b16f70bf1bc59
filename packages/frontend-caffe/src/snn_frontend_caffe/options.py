"""The fields of a block, read with care: each value is checked, and no field is passed over."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from google.protobuf import text_format
from snn.errors import ParseError, UnsupportedLayer

from .prototxt import Block, Scalar, Value

_NOTHING = Block({}, 0)
_LARGEST = 2**31
_LONGEST = 30  # digits, of which Python would read millions, slowly


class Options:
    """The fields of one block; ``close`` refuses it if there are some that nobody asked for.

    Numbers, words and texts are taken as Caffe takes them; a single field that is written twice is a fault.
    """

    def __init__(self, where: str, block: Block | None = None) -> None:
        self.where = where
        self._fields = (block or _NOTHING).fields
        self._read: dict[str, list[Options]] = {}

    def __contains__(self, key: str) -> bool:
        return bool(self._fields.get(key))

    def ignore(self, *keys: str) -> None:
        """Say that ``keys`` do not change what a trained network computes."""
        for key in keys:
            self._read.setdefault(key, [])

    def holds_blocks(self, key: str) -> bool:
        """Return whether what is given for ``key`` begins with a block."""
        return isinstance(next(iter(self._fields.get(key, ())), None), Block)

    def hand_over(self, key: str) -> list[Options]:
        """Return every block ``key`` for somebody else to read and close."""
        found = self.blocks(key)
        self._read[key] = []
        return found

    def block(self, key: str) -> Options:
        """Return the block ``key``, without fields where there is none."""
        found = self.blocks(key)
        if len(found) > 1:
            raise self._twice(key)
        if found:
            return found[0]
        return Options(f"{self.where}: {key}")

    def blocks(self, key: str) -> list[Options]:
        """Return every block ``key``."""
        if key not in self._read or not self._read[key]:
            self._read[key] = []
            for value in self._fields.get(key, ()):
                if not isinstance(value, Block):
                    raise self.fault(key, value, "a block in braces")
                self._read[key].append(Options(f"{self.where}: {key}", value))
        return self._read[key]

    def lines(self, key: str) -> list[int]:
        """Return the line of each field ``key``."""
        return [value.line for value in self._fields.get(key, ())]

    def whole(self, key: str, default: int | None = None, low: int = 0) -> int:
        """Return a whole number of at least ``low``."""
        value = self._single(key)
        if value is None:
            if default is None:
                raise ParseError(f"{self.where} has no {key}")
            return default
        return self._whole(key, value, low)

    def wholes(self, key: str, low: int = 0) -> tuple[int, ...]:
        """Return all whole numbers that are given for ``key``."""
        return tuple(self._whole(key, value, low) for value in self._scalars(key))

    def real(self, key: str, default: float) -> float:
        """Return a finite number."""
        value = self._single(key)
        return default if value is None else self._real(key, value)

    def reals(self, key: str) -> tuple[float, ...]:
        """Return all numbers that are given for ``key``."""
        return tuple(self._real(key, value) for value in self._scalars(key))

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a yes or no."""
        value = self._single(key)
        if value is None:
            return default
        try:
            found: bool = text_format.ParseBool("" if value.quoted else value.text)
        except ValueError as error:
            raise self.fault(key, value, "true or false") from error
        return found

    def word(self, key: str, default: str, choices: Mapping[str, int]) -> str:
        """Return one of the words in ``choices``, which may also be given as the number it stands for there."""
        value = self._single(key)
        if value is None:
            return default
        by_number = {str(number): word for word, number in choices.items()}
        word = by_number.get(value.text, value.text)
        if value.quoted or word not in choices:
            raise self.fault(key, value, " or ".join(choices))
        return word

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self._single(key)
        return default if value is None else self._text(key, value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return all texts that are given for ``key``."""
        return tuple(self._text(key, value) for value in self._scalars(key))

    def scalar(self, key: str) -> Scalar | None:
        """Return a word, a number or a text as it is written, or None where there is none."""
        return self._single(key)

    def fault(self, key: str, value: Value, wanted: str) -> ParseError:
        """Return the error of a field that has the wrong kind of value."""
        told = "a block" if isinstance(value, Block) else repr(value.text[:60])
        return ParseError(f"{self.where}: its field {key!r} (line {value.line}) is {told}, not {wanted}")

    def refuse(self, reason: str, hint: str = "") -> UnsupportedLayer:
        """Return the error of a layer that no layer of `snn.layers` stands for."""
        return UnsupportedLayer(f"{self.where} {reason}", hint=hint)

    def close(self) -> None:
        """Refuse the block if it has a field that was not asked for, and may change what is computed."""
        for where, key, line in self.unread():
            raise UnsupportedLayer(
                f"{where} has the field {key!r} (line {line}), which Caffe does not have there, or this version does "
                "not know",
                hint="is it misspelt? If it changes nothing, take it out; if it does, the network is for another Caffe",
            )

    def unread(self) -> Iterator[tuple[str, str, int]]:
        """Yield where, under what name and in which line there is a field that nobody asked for."""
        for key, values in self._fields.items():
            if key not in self._read:
                yield from ((self.where, key, value.line) for value in values[:1])
            for options in self._read.get(key, ()):
                yield from options.unread()

    def _scalars(self, key: str) -> Iterator[Scalar]:
        self._read.setdefault(key, [])
        for value in self._fields.get(key, ()):
            if isinstance(value, Block):
                raise self.fault(key, value, "a single value")
            yield value

    def _single(self, key: str) -> Scalar | None:
        found = list(self._scalars(key))
        if len(found) > 1:
            raise self._twice(key)
        return found[0] if found else None

    def _twice(self, key: str) -> ParseError:
        lines = ", ".join(str(line) for line in self.lines(key)[:5])
        return ParseError(f"{self.where}: its field {key!r} is given more than once (lines {lines})")

    def _whole(self, key: str, value: Scalar, low: int) -> int:
        try:
            if value.quoted or len(value.text) > _LONGEST:
                raise ValueError  # noqa: TRY301  as for what is no number
            found: int = text_format.ParseInteger(value.text, is_signed=True, is_long=True)
        except ValueError as error:
            raise self.fault(key, value, "a whole number") from error
        if not low <= found <= _LARGEST:
            raise self.fault(key, value, f"a whole number from {low} to {_LARGEST}")
        return found

    def _real(self, key: str, value: Scalar) -> float:
        try:
            found: float = text_format.ParseFloat("" if value.quoted else value.text)
        except ValueError as error:
            raise self.fault(key, value, "a number") from error
        if not math.isfinite(found):
            raise self.fault(key, value, "a finite number")
        return found

    def _text(self, key: str, value: Scalar) -> str:
        if not value.quoted:
            raise self.fault(key, value, "a text in quotes")
        return value.text
