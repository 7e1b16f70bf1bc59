"""Make the plan of a network: which modules stand for each layer, and with which integers."""

from __future__ import annotations

from snn import layers as op
from snn.connections import is_node
from snn.network import Network
from snn.neurons import Neuron

from . import modules, names
from .drafting import Draft, maps, on_two_axes
from .plan import Place, Plan, Scheme, Unfit
from .reading import read


def plan(network: Network, scheme: Scheme) -> Plan:
    """Return ``network``, whose kinds of layers and fields of neurons are known to be possible, as a plan.

    Raises
    ------
    Unfit
        A layer has no place in it.
    """
    draft = Draft(network, scheme, _labels(network), scheme.delay * _deepest(network) + 1)
    for layer in network.layers:
        if isinstance(layer, op.Input):
            count, height, width = maps(layer.shape)
            label = draft.labels[layer.name]
            nodes = names.nodes(label, count) if count > 1 else (label,)
            draft.places[layer.name] = Place(nodes, height, width, scheme.worth)
        elif isinstance(layer, op.MaxPool):
            _pool(draft, layer)
        elif isinstance(layer, Neuron):
            read(draft, layer)
    return draft.plan()


def _labels(network: Network) -> dict[str, str]:
    """Return the labels of the layers by name, and, by name and a 0 behind it, those of their flattened forms."""
    wishes = [(network.input.name, names.INPUT, maps(network.shapes[network.input.name])[0])]
    wishes += [(layer.name, layer.name, maps(network.shapes[layer.name])[0]) for layer in network.layers[1:]]
    wishes += [(f"{layer.name}\0", f"{layer.name}_flat", 0) for layer in network.layers]
    return dict(names.labels(wishes))


def _deepest(network: Network) -> int:
    """Return the largest number of modules that an event passes."""
    found: dict[str, int] = {}
    for layer in network.layers:
        before = max((found[name] for name in layer.inputs), default=0)
        takes = is_node(layer) or isinstance(layer, (op.Flatten, op.AvgPool))
        found[layer.name] = before + takes * (2 if isinstance(layer, Neuron) else 1)  # it may have to be flattened
    return max(found.values())


def _pool(draft: Draft, layer: op.MaxPool) -> None:
    """Add a max-pool, a module each map."""
    source = layer.inputs[0]
    place, (count, height, width) = draft.places[source], maps(draft.network.shapes[layer.name])
    if len(place.nodes) != count:
        raise Unfit(
            layer.name,
            f"the maps it reads are in one row, since the layer {source!r} is unrolled",
            "MegaSim's modules are convolutions of stride 1, and pools; or use backend inisim",
        )
    size, stride = on_two_axes(layer.size, 1), on_two_axes(layer.stride, 1)
    before = on_two_axes([pair[0] for pair in layer.padding], 0)
    made = modules.max_pool((place.height, place.width), size, stride, before, (height, width), draft.scheme.delay)
    label = draft.labels[layer.name]
    for node, given in zip(names.nodes(label, count), place.nodes, strict=True):
        draft.add("module_max_pool", (given,), label, node, made)
    draft.places[layer.name] = Place(names.nodes(label, count), height, width, place.worth)
