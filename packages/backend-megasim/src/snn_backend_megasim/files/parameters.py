"""The parameters of a module, ``NAME.prm``: integers by name, and for each input port a kernel.

::

    .integers
    NAME VALUE          a line each: ports and delays, the neurons
    NAME VALUE          of each port: the size of its kernel
    INTEGER INTEGER ... a line each row of it
    NAME VALUE          what becomes of addresses at the output
    .floats

Which names there are, and in which order, depends on the module (`FORMS`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .kinds import LARGEST, Bytes, Integers
from .numbers import fault, printed, scanned

RESET_PORT = "_NPP"
"""What the name of a module ends in that has one more port, for events that put it back to rest."""

LOWEST = -2147483646
"""The threshold for negative spikes that stands for none."""

_PORTS = ("n_in_ports", "n_out_ports", "delay_to_process", "delay_to_ack", "fifo_depth", "n_repeat", "delay_to_repeat")
_NEURON = (
    "Xmin", "Ymin", "THplus", "THplusInfo", "THminus", "THminusInfo", "Reset_to_reminder", "MembReset", "TLplus",
    "TLminus", "Tmin", "T_Refract",
)  # fmt: skip
_OUTPUT = (
    "crop_xmin", "crop_xmax", "crop_ymin", "crop_ymax", "xshift_pre", "yshift_pre", "x_subsmp", "y_subsmp",
    "xshift_pos", "yshift_pos", "rectify",
)  # fmt: skip
_POOL = ("Nx_pool", "Ny_pool", "x_stride", "y_stride", "x_pad", "y_pad", "Nx_out", "Ny_out")


@dataclass(frozen=True)
class Form:
    """The names in the parameters of a module.

    Attributes
    ----------
    header, port, output : tuple of str
        Before the kernels, before each kernel, and behind the last.
    kernel : function of header and port to (rows, columns), or None
        The size of a kernel; None where ports have none.
    """

    header: tuple[str, ...]
    port: tuple[str, ...]
    output: tuple[str, ...]
    kernel: Callable[[Mapping[str, int], Mapping[str, int]], tuple[int, int]] | None


_CONV = Form(
    (*_PORTS, "Nx_array", "Ny_array", *_NEURON),
    ("Nx_kernel", "Ny_kernel", "Dx", "Dy"),
    _OUTPUT,
    lambda _, port: (port["Ny_kernel"], port["Nx_kernel"]),
)
_DENSE = Form(
    (*_PORTS, "population_size", "Ny_array", *_NEURON),
    ("Nx_array_pre", "Ny_array_pre"),
    _OUTPUT,
    lambda header, port: (port["Nx_array_pre"] * port["Ny_array_pre"], header["population_size"]),
)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "module_conv": _CONV,
        "module_fully_connected": _DENSE,
        "module_softmax": _DENSE,
        "module_flatten": Form(_PORTS, ("Nx_array", "Ny_array"), (), None),
        "module_max_pool": Form((*_PORTS, "Nx_array", "Ny_array", *_POOL), (), (), None),
    }
)
"""By the name of the module, without `RESET_PORT`. ``module_max_pool`` is not MegaSim's, but of the engine here."""


@dataclass(frozen=True, eq=False)
class Port:
    """An input port.

    Attributes
    ----------
    fields : mapping of str to int
    kernel : ndarray of int, (rows, columns)
        Without a row where the module has no kernels.
    """

    fields: Mapping[str, int]
    kernel: Integers


@dataclass(frozen=True, eq=False)
class Parameters:
    """The parameters of one module; ``header`` and ``output`` are integers by name."""

    header: Mapping[str, int]
    ports: tuple[Port, ...]
    output: Mapping[str, int]


def form(module: str) -> Form | None:
    """Return the names in the parameters of ``module``; None where it is not known."""
    return FORMS.get(module.removesuffix(RESET_PORT))


def written(parameters: Parameters) -> bytes:
    """Return the file."""
    pieces = [b".integers\n", _named(parameters.header)]
    for port in parameters.ports:
        pieces += [_named(port.fields), printed(port.kernel)]
    return b"".join([*pieces, _named(parameters.output), b".floats\n"])


def parsed(content: bytes, name: str, module: str) -> Parameters:
    """Return the parameters in the file called ``name``, of a ``module`` that has a `form`.

    Raises
    ------
    SimulationError
        A line is not what should stand there; it is named.
    """
    made = FORMS[module.removesuffix(RESET_PORT)]
    reader = _Reader(content if content.endswith(b"\n") else content + b"\n", name)
    reader.word(".integers")
    header = reader.fields(made.header)
    ports = []
    count = header["n_in_ports"] if made.port else 0
    for _ in range(count):
        fields = reader.fields(made.port)
        rows, columns = made.kernel(header, fields) if made.kernel else (0, 1)
        if rows < 0 or columns < 1:
            raise reader.fault(f"a kernel of {rows} rows and {columns} columns")
        ports.append(Port(fields, reader.rows(rows, columns)))
    output = reader.fields(made.output)
    reader.word(".floats")
    reader.end()
    return Parameters(header, tuple(ports), output)


def _named(fields: Mapping[str, int]) -> bytes:
    return "".join(f"{name} {value}\n" for name, value in fields.items()).encode()


class _Reader:
    """A file that is read from its first line to the last."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content, self._name, self._at, self._line = content, name, 0, 1
        self._data: Bytes = np.frombuffer(content, np.uint8)

    def fault(self, message: str) -> Exception:
        """Return the error of the line above the one that is read next."""
        return fault(self._name, max(1, self._line - 1), message)

    def word(self, expected: str) -> None:
        """Pass the line ``expected``."""
        if self._next().strip() != expected.encode():
            raise self.fault(f"should be {expected}")

    def fields(self, names: tuple[str, ...]) -> dict[str, int]:
        """Return what the next lines say of ``names``, one each, in this order."""
        found = {}
        for name in names:
            key, _, value = self._next().strip().partition(b" ")
            digits = value.strip()
            if key != name.encode() or not digits.removeprefix(b"-").isdigit() or len(digits) > len(str(-LARGEST)):
                raise self.fault(f"should be {name} and an integer")
            found[name] = int(digits)
            if abs(found[name]) > LARGEST:
                raise self.fault(f"{name} has over 32 bits")
        return found

    def rows(self, rows: int, columns: int) -> Integers:
        """Return the integers of the next ``rows`` lines."""
        found, self._at = scanned(self._data, self._at, rows, columns, self._name, self._line)
        self._line += rows
        return found

    def end(self) -> None:
        """See that nothing follows."""
        if self._content[self._at :].strip():
            self._line += 1
            raise self.fault("nothing should follow .floats")

    def _next(self) -> bytes:
        end = self._content.find(b"\n", self._at)
        if end < 0:
            raise fault(self._name, self._line, "the file ends before its last line")
        found, self._at, self._line = self._content[self._at : end], end + 1, self._line + 1
        return found
