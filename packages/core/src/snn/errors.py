"""Every error a user can meet, and the warning for a deviation that does not stop a run.

The command line prints an `SnnError` as one ``error:`` line and a ``hint:``, and exits with its
``exit_code``.  Any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

from typing import ClassVar


class SnnError(Exception):
    """Base of all errors raised on purpose; ``hint`` says what to do next."""

    exit_code: ClassVar[int] = 1
    usual_hint: ClassVar[str] = "snn --help and the pages in docs say what can be done"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.usual_hint


class SettingsError(SnnError):
    """A settings table does not fit the settings of what it is for."""

    exit_code = 2
    usual_hint = "snn settings lists every key"


class PluginError(SnnError):
    """A plugin is missing, unusable or clashes with another."""

    exit_code = 3
    usual_hint = "snn plugins lists what is installed, and what is wrong with it"


class ParseError(SnnError):
    """A model file cannot be read."""

    exit_code = 4
    usual_hint = "save the whole model again, in one file"


class UnsupportedLayer(ParseError):  # noqa: N818  it names the thing, as a user would
    """A frontend meets, or a backend is given, a layer that it cannot do.

    It is a `ParseError`: who wants to know whether a model can be read need not tell the two apart.
    """

    usual_hint = "rebuild the model without it, or write a plugin that knows it"


class NetworkError(SnnError):
    """A network, or the file it is kept in, is not well formed."""

    exit_code = 5
    usual_hint = "write the file again with snn parse or snn convert"


class ConversionError(SnnError):
    """A layer has no spiking form, or a rewritten network differs from the one it came from."""

    exit_code = 6
    usual_hint = "docs/conversion.md says what has a spiking form"


class SimulationError(SnnError):
    """A simulator failed; its own exception is kept as the cause."""

    exit_code = 7
    usual_hint = "snn check with the backend's name tells whether it works here"


class Unavailable(SimulationError):  # noqa: N818  it names the thing, as a user would
    """What a backend runs on is not here: nobody has named a board.

    Checks that need it are skipped, with this as their reason.
    """


class DataError(SnnError):
    """Samples or labels do not fit the network, or cannot be read."""

    exit_code = 8
    usual_hint = "samples are numbers, (n, *shape); labels are class numbers from 0, or one-hot"


class OutputError(SnnError):
    """A result cannot be written."""

    exit_code = 9
    usual_hint = "choose another place"


class ConversionWarning(UserWarning):
    """The spiking network deviates from the analog one in a known way, whose size the message states."""
