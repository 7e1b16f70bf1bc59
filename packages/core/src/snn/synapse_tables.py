"""Synapses and biases as text: a table a file, as PyNN's ``FromFileConnector`` reads it."""

from __future__ import annotations

import hashlib
import itertools
import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .connections import Connection
from .network import Array
from .reading import check_regular

COLUMNS = ("i", "j", "weight", "delay")

_PART = 2**16  # synapses that are written at once, and bytes that are hashed at once
_LINES_BYTES = 2**22  # of a file that are parsed at once
_SHORTEST, _LONGEST = len("0\t0\t1\t0\n"), 100  # bytes of a row


def write_synapses(path: Path, way: Connection, delay_ms: float) -> str:
    """Write a new file of the synapses ``way``, one a row, and return its SHA-256.

    A weight is written as the float64 of the same value, so that readers of either precision get what it is.
    """
    return _write(path, COLUMNS, _rows(way, delay_ms))


def write_biases(path: Path, values: Array) -> str:
    """Write a new file of one number a neuron, each after the neuron's own, and return its SHA-256."""
    numbered = enumerate(values.astype(np.float64).tolist())
    return _write(path, ("i", "bias"), ["".join([f"{neuron}\t{value!r}\n" for neuron, value in numbered])])


def check(path: Path, sha256: str) -> None:
    """Raise OSError or ValueError where the file at ``path`` is not the one that was written."""
    check_regular(path)
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            sha.update(part)
    if sha.hexdigest() != sha256:
        raise ValueError("it was changed, or cut short, since it was written")


def read_synapses(
    path: Path, number: int, sizes: tuple[int, int], ends: tuple[str, str], delay_ms: float
) -> Connection:
    """Return the ``number`` synapses of the file at ``path``; OSError or ValueError where it does not hold them.

    They go between layers of the names ``ends``, which have ``sizes`` elements. No more memory is taken than a file of
    its size can fill.
    """
    size = path.stat().st_size
    head = _header(COLUMNS).encode("ascii")
    if not number * _SHORTEST <= size - len(head) <= number * _LONGEST:
        raise ValueError(f"{size} bytes do not hold {number} synapses")
    pre, post = np.empty(number, np.int64), np.empty(number, np.int64)
    weight = np.empty(number, np.float32)
    done = 0
    with path.open("rb") as stream:
        if stream.readline(len(head)) != head:
            raise ValueError(f"its first line is not {head.decode().strip()!r}")
        while lines := stream.readlines(_LINES_BYTES):
            rows = _parsed(lines)
            here = slice(done, done + len(rows))
            if here.stop > number:
                raise ValueError(f"it has more than {number} rows")
            if (rows[:, 3] != delay_ms).any():
                raise ValueError(f"a delay is not {delay_ms}")
            pre[here] = _elements(rows[:, 0], sizes[0], ends[0])
            post[here] = _elements(rows[:, 1], sizes[1], ends[1])
            with np.errstate(over="ignore"):  # looked at below
                weight[here] = rows[:, 2]
            done = here.stop
    if done != number:
        raise ValueError(f"it has {done} rows, not {number}")
    if not np.isfinite(weight).all():
        raise ValueError("a weight is no finite number")
    if (np.diff(post * sizes[0] + pre) <= 0).any():
        raise ValueError("its rows are not in the order of j, then i, each pair once")
    return Connection(*ends, pre, post, weight)


def _write(path: Path, columns: Sequence[str], parts: Iterable[str]) -> str:
    sha = hashlib.sha256()
    with path.open("xb") as stream:
        for part in itertools.chain([_header(columns)], parts):
            content = part.encode("ascii")
            sha.update(content)
            stream.write(content)
    return sha.hexdigest()


def _header(columns: Sequence[str]) -> str:
    """Return the line that names the columns; PyNN evaluates it, and needs a list."""
    return f"# columns = {json.dumps(columns)}\n"


def _rows(way: Connection, delay_ms: float) -> Iterator[str]:
    end = f"\t{delay_ms!r}\n"
    for start in range(0, len(way.pre), _PART):
        part = slice(start, start + _PART)
        columns = way.pre[part].tolist(), way.post[part].tolist(), way.weight[part].astype(np.float64).tolist()
        yield "".join([f"{pre}\t{post}\t{weight!r}{end}" for pre, post, weight in zip(*columns, strict=True)])


def _parsed(lines: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Return the numbers in ``lines``, (rows, 4)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of no rows at all, which is told below
        rows = np.loadtxt([line.decode("ascii") for line in lines], comments=None, delimiter="\t", ndmin=2)
    if rows.shape[1] != len(COLUMNS):
        raise ValueError(f"a row has not {len(COLUMNS)} numbers")
    return rows


def _elements(values: npt.NDArray[np.float64], size: int, layer: str) -> npt.NDArray[np.int64]:
    wrong = ~((values >= 0) & (values < size) & (values == np.floor(values)))
    if wrong.any():
        raise ValueError(f"layer {layer!r} has no element {values[wrong][0]:.15g}; it has {size}")
    return values.astype(np.int64)
