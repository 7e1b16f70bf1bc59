"""Read protocol buffers' text format into blocks, whatever fields they have, with the line of each.

Caffe's own messages are not needed for that: what a field means is asked for where it is used (`options`), so that a
field nobody asked for is noticed.  Words, numbers and texts are told apart by protobuf's own tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from google.protobuf import text_format
from snn.errors import ParseError
from snn.reading import check_regular

_LARGEST = 2**22  # bytes; ResNet-152 has 10**5
_LONGEST_LINE = 2**17
_DEEPEST = 20
_OPENED = {"{": "}", "<": ">"}
_NO_TEXT = "give the .prototxt that describes the network; the file with its weights is found beside it"
_DAMAGED = "the file is damaged or cut off: copy it again"


@dataclass(frozen=True)
class Scalar:
    """A word, a number or a text, as it is written; ``quoted`` if it is a text."""

    text: str
    quoted: bool
    line: int


@dataclass(frozen=True, eq=False)
class Block:
    """Fields in braces: for each name, its values in the order in which they are written."""

    fields: Mapping[str, Sequence[Value]]
    line: int


Value: TypeAlias = Scalar | Block


def read_prototxt(path: Path) -> Block:
    """Return what the file ``path`` says.

    Raises
    ------
    ParseError
        It cannot be read, or is not in the text format; the message tells the line.
    """
    try:
        check_regular(path, _LARGEST)
        raw = path.read_bytes()
    except OSError as error:
        raise ParseError(f"cannot be opened: {error.strerror or error}", hint="is the path right?") from error
    if b"\0" in raw:
        raise ParseError("the file is not text", hint=_NO_TEXT)
    content = raw.decode("utf-8-sig", "surrogateescape")  # comments may be in any encoding
    if not content.strip():
        raise ParseError("the file is empty", hint="save or copy it again")
    try:
        return _Reader(content).block(0, "")
    except text_format.ParseError as error:
        told = str(error).encode(errors="replace").decode()
        if told != str(error):
            raise ParseError("the file is not text in UTF-8", hint=_NO_TEXT) from error
        raise ParseError(f"the text cannot be read: {told:.200}", hint=_DAMAGED) from error


class _Reader:
    def __init__(self, content: str) -> None:
        self._line = 0  # of the token that is looked at
        self._tokens = text_format.Tokenizer(self._lines(content))

    def _lines(self, content: str) -> Iterator[str]:
        """Yield the lines, of which the tokenizer takes one when it comes to it."""
        for number, line in enumerate(content.split("\n"), 1):
            if len(line) > _LONGEST_LINE:
                raise ParseError(
                    f"line {number} has {len(line):,} characters; more than {_LONGEST_LINE:,} are not read"
                )
            self._line = number
            yield line

    def block(self, depth: int, end: str) -> Block:
        """Return the fields up to ``end``, or to the end of the file where that is empty."""
        if depth > _DEEPEST:
            raise ParseError(f"line {self._line}: blocks are nested more than {_DEEPEST} deep")
        line, fields = self._line, dict[str, list[Value]]()
        tokens = self._tokens
        while not (tokens.TryConsume(end) if end else tokens.AtEnd()):
            if tokens.AtEnd():
                raise ParseError(f"the block that begins in line {line} has no end", hint=_DAMAGED)
            name = tokens.ConsumeIdentifier()
            colon = tokens.TryConsume(":")
            values = fields.setdefault(name, [])
            if colon and tokens.TryConsume("["):
                self._list(values, depth)
            else:
                values.append(self._value(depth, colon=colon))
            if not tokens.TryConsume(","):
                tokens.TryConsume(";")
        return Block(fields, line)

    def _list(self, values: list[Value], depth: int) -> None:
        if self._tokens.TryConsume("]"):
            return
        values.append(self._value(depth, colon=True))
        while not self._tokens.TryConsume("]"):
            self._tokens.Consume(",")
            values.append(self._value(depth, colon=True))

    def _value(self, depth: int, *, colon: bool) -> Value:
        tokens, line = self._tokens, self._line
        for opening, closing in _OPENED.items():
            if tokens.TryConsume(opening):
                return self.block(depth + 1, closing)
        if not colon:
            raise _error(tokens, "a field needs a ':' or a '{' behind its name.")
        if tokens.token[:1] in ("'", '"'):
            return Scalar(_utf8(tokens.ConsumeString(), line), quoted=True, line=line)
        text = tokens.token
        if not text or not (text[0].isalnum() or text[0] in "_-+."):
            raise _error(tokens, "a value is expected.")
        tokens.NextToken()
        return Scalar(text, quoted=False, line=line)


def _error(tokens: text_format.Tokenizer, message: str) -> text_format.ParseError:
    """Return the tokenizer's error with the place where it is."""
    return tokens.ParseError(message)  # type: ignore[arg-type]  # the stubs want a message of protobuf's


def _utf8(text: str, line: int) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ParseError(f"line {line}: a text is not in UTF-8", hint="save the file as UTF-8") from error
    return text
