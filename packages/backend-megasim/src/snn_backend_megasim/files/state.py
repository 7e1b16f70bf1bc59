"""The state that a module begins in, ``NAME.stt``: how long it is still busy."""

from __future__ import annotations

from .numbers import fault

_LINES = (b".integers", b"time_busy_initial 0", b".floats")


def written() -> bytes:
    """Return the file of a module that is not busy."""
    return b"\n".join([*_LINES, b""])


def check(content: bytes, name: str) -> None:
    """Raise SimulationError unless the file called ``name`` is that of a module that is not busy."""
    lines = content.strip().split(b"\n")
    for number, expected in enumerate(_LINES, 1):
        if len(lines) < number or lines[number - 1].strip() != expected:
            raise fault(name, number, f"should be {expected.decode()}")
    if len(lines) > len(_LINES):
        raise fault(name, len(_LINES) + 1, "nothing should follow .floats")
