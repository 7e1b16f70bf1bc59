"""The schematic, ``megasim.sch``: which modules there are, and which nodes join them.

::

    .netlist
    source {NODE} NODE.stim
    MODULE {NODE,NODE,...}{NODE} NAME.prm NAME.stt

    .options
    Tmax=TICKS
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .kinds import LARGEST
from .numbers import fault

NAME = "megasim.sch"
_WORD = r"[A-Za-z0-9_.\-]+"
_SOURCE = re.compile(rf"source\s*\{{\s*({_WORD})\s*\}}\s*({_WORD})")
_MODULE = re.compile(
    rf"({_WORD})\s*\{{\s*({_WORD}(?:\s*,\s*{_WORD})*)\s*\}}\s*\{{\s*({_WORD})\s*\}}\s*({_WORD})\s+({_WORD})"
)
_TMAX = re.compile(r"Tmax\s*=\s*(\d{1,10})")


@dataclass(frozen=True)
class Source:
    """A node whose events are in a file."""

    node: str
    stimulus: str


@dataclass(frozen=True)
class Instance:
    """A module with the nodes that it reads, and the one that it gives its events to.

    Attributes
    ----------
    module : str
        The kind, as ``module_conv``.
    inputs : tuple of str
        One node a port.
    output : str
    parameters, state : str
        Names of files.
    """

    module: str
    inputs: tuple[str, ...]
    output: str
    parameters: str
    state: str


@dataclass(frozen=True)
class Schematic:
    """Sources, then modules, each behind all that it reads; and the last tick."""

    sources: tuple[Source, ...]
    instances: tuple[Instance, ...]
    last_tick: int


def written(schematic: Schematic) -> bytes:
    """Return the file; modules that share a file of states, as the maps of a layer do, stand together."""
    lines = [".netlist", *(f"source {{{source.node}}} {source.stimulus}" for source in schematic.sources)]
    state = ""
    for instance in schematic.instances:
        lines += [""] if instance.state != state else []
        state = instance.state
        inputs = ",".join(instance.inputs)
        lines.append(f"{instance.module} {{{inputs}}}{{{instance.output}}} {instance.parameters} {state}")
    return "\n".join([*lines, "", ".options", f"Tmax={schematic.last_tick}", ""]).encode()


def parsed(content: bytes, name: str = NAME) -> Schematic:
    """Return the schematic of the file called ``name``.

    Raises
    ------
    SimulationError
        A line is malformed, a node is read before there is one or made twice; the line is named.
    """
    sources: list[Source] = []
    instances: list[Instance] = []
    nodes: set[str] = set()
    last_tick, section = -1, ""
    for number, line in _lines(content, name):
        if line.startswith("."):
            section = line
            if line not in (".netlist", ".options"):
                raise fault(name, number, f"{line:.40} is no section")
        elif section == ".options":
            found = _TMAX.fullmatch(line)
            if not found or int(found[1]) > LARGEST:
                raise fault(name, number, "only Tmax=TICKS, of 32 bits, is known here")
            last_tick = int(found[1])
        elif section == ".netlist":
            made = _entry(line, name, number, nodes)
            if isinstance(made, Source):
                sources.append(made)
            else:
                instances.append(made)
        else:
            raise fault(name, number, "nothing may stand before .netlist")
    if last_tick < 0:
        raise fault(name, content.count(b"\n") + 1, "Tmax is missing")
    return Schematic(tuple(sources), tuple(instances), last_tick)


def _lines(content: bytes, name: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers."""
    for number, line in enumerate(content.split(b"\n"), 1):
        try:
            text = line.decode("ascii").strip()
        except UnicodeDecodeError:
            raise fault(name, number, "is no plain text") from None
        if text:
            yield number, text


def _entry(line: str, name: str, number: int, nodes: set[str]) -> Source | Instance:
    """Return what a line of the netlist says, and add its node to ``nodes``."""
    made: Source | Instance
    if found := _SOURCE.fullmatch(line):
        made, node = Source(found[1], found[2]), found[1]
    elif found := _MODULE.fullmatch(line):
        inputs = tuple(word.strip() for word in found[2].split(","))
        made, node = Instance(found[1], inputs, found[3], found[4], found[5]), found[3]
        if missing := [word for word in inputs if word not in nodes]:
            raise fault(name, number, f"no line above makes the node {missing[0]:.80}")
    else:
        raise fault(name, number, "is neither a source nor a module")
    if node in nodes:
        raise fault(name, number, f"the node {node:.80} is there already")
    nodes.add(node)
    return made
