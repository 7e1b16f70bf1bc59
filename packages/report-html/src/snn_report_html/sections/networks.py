"""The network before and after: what became of each layer, and what was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from snn.layers import Activation
from snn.network import Layer, Network
from snn.neurons import Neuron
from snn.result import Result

from ..amounts import shape, whole
from ..charts.graph import Row, graph
from ..section import Section

MOST_ROWS = 80  # of a picture that can be looked at


def section(result: Result) -> Section:
    """Return both networks, layer by layer."""
    spiking = result.networks["spiking"]
    parsed = result.networks.get("parsed")
    rows = _rows(parsed, spiking)
    return Section(
        "networks",
        "The network before and after" if parsed is not None else "The network",
        "Network",
        {
            "before": parsed is not None,
            "chart": "" if parsed is None or len(rows) > MOST_ROWS else picture(parsed, spiking),
            "rows": rows,
            "provenance": spiking.provenance,
            "totals": [_total(network) for network in (parsed, spiking) if network is not None],
            "neurons": whole(sum(_size(spiking, layer) for layer in spiking.layers if isinstance(layer, Neuron))),
        },
    )


def picture(parsed: Network, spiking: Network) -> str:
    """Return both networks side by side, and what was folded into what."""
    rows = []
    for name in merged([layer.name for layer in parsed.layers], [layer.name for layer in spiking.layers]):
        old = parsed[name] if name in parsed else None  # noqa: SIM401  a network has no get
        new = spiking[name] if name in spiking else None  # noqa: SIM401  as above
        rows.append(
            Row(
                name,
                "" if old is None else word(old),
                "" if new is None else word(new),
                () if old is None else old.inputs,
                () if new is None else new.inputs,
                isinstance(new, Neuron),
                targets(name, spiking) if new is None else (),
            )
        )
    gone = sum(not row.after for row in rows)
    neurons = sum(row.neuron for row in rows)
    return graph("The network before and after", f"{gone} layers are gone, {neurons} became neurons", rows)


def targets(name: str, network: Network) -> tuple[str, ...]:
    """Return the layers of ``network`` that ``name`` was folded into, as its history tells."""
    lines = [line for line in network.provenance if repr(name) in line.partition(" into ")[0]]
    told = [line.partition(" into ")[2] for line in lines]
    return tuple(layer.name for layer in network.layers if any(repr(layer.name) in text for text in told))


def _rows(parsed: Network | None, spiking: Network) -> list[dict[str, object]]:
    """Return a row a layer, in the order of both networks: those only in one stand beside an empty place."""
    before = [] if parsed is None else [layer.name for layer in parsed.layers]
    names = merged(before, [layer.name for layer in spiking.layers])
    rows = []
    for name in names:
        old = parsed[name] if parsed is not None and name in parsed else None
        new = spiking[name] if name in spiking else None  # noqa: SIM401  a network has no get
        network = spiking if new is not None or parsed is None else parsed
        rows.append(
            {
                "name": name,
                "old": "" if old is None else kind(old),
                "new": "" if new is None else kind(new),
                "neuron": isinstance(new, Neuron),
                "gone": new is None,
                "added": old is None and parsed is not None,
                "changed": old is not None and new is not None and kind(old) != kind(new),
                "shape": shape(network.shapes[name]),
                "parameters": whole(parameters(old if new is None else new) or None) if old or new else "–",
                "neurons": whole(_size(spiking, new)) if new is not None and isinstance(new, Neuron) else "",
                "notes": [line for line in spiking.provenance if repr(name) in line] if new is None else [],
            }
        )
    return rows


def merged(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the names of both lists, each once, in an order that keeps that of ``after``, and of ``before`` as it can.

    Examples
    --------
    >>> merged(["a", "norm", "b"], ["a", "new", "b"])
    ['a', 'norm', 'new', 'b']
    """
    found: list[str] = []
    kept, left = set(after), list(before)
    for name in after:
        if name in left:
            end = left.index(name)
            found += [other for other in left[:end] if other not in kept and other not in found]
            left = left[end + 1 :]
        elif left:
            lead = next((index for index, other in enumerate(left) if other in kept), len(left))
            found += [other for other in left[:lead] if other not in found]
            left = left[lead:]
        found.append(name)
    return found + [other for other in left if other not in kept and other not in found]


def kind(layer: Layer) -> str:
    """Return what a layer is, an activation by its function."""
    if isinstance(layer, Activation):
        return f"{layer.kind} {layer.function}"
    return layer.kind


def word(layer: Layer) -> str:
    """Return what a layer is, in a word."""
    return layer.function if isinstance(layer, Activation) else layer.kind


def parameters(layer: Layer | None) -> int:
    """Return the numbers of a layer that come from training."""
    if layer is None:
        return 0
    arrays = (getattr(layer, field.name) for field in dataclasses.fields(layer))
    return sum(array.size for array in arrays if isinstance(array, np.ndarray) and array.ndim)


def _size(network: Network, layer: Layer) -> int:
    return int(np.prod(network.shapes[layer.name]))


def _total(network: Network) -> str:
    own = sum(parameters(layer) for layer in network.layers)
    return f"{len(network.layers)} layers, {own:,} parameters"
