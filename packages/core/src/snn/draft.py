"""A network while it is being rewritten: layers by name, and which layer of the first network each one equals."""

from __future__ import annotations

import dataclasses
from typing import Any

from .network import Layer, Network, Shape


class Draft:
    """The layers of a network, to be changed one at a time; only `simplify` works on one.

    Attributes
    ----------
    layers : dict of name to Layer
        In topological order.
    equals : dict of name to name
        For each layer, the layer of the original network that has the same output.
    notes : list of str
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.layers = {layer.name: layer for layer in network.layers}
        self.equals = {layer.name: layer.name for layer in network.layers}
        self.notes: list[str] = []

    def readers(self, name: str) -> list[Layer]:
        """Return the layers that read ``name``."""
        return [layer for layer in self.layers.values() if name in layer.inputs]

    def sole_reader(self, name: str) -> Layer | None:
        """Return the only layer that reads ``name``, if there is just one and it reads it once."""
        readers = self.readers(name)
        return readers[0] if len(readers) == 1 and readers[0].inputs.count(name) == 1 else None

    def shape(self, name: str) -> Shape:
        """Return the shape of the output of ``name``."""
        shapes: dict[str, Shape] = {}
        for layer in self.layers.values():
            shapes[layer.name] = layer.output_shape(tuple(shapes[given] for given in layer.inputs))
            if layer.name == name:
                break
        return shapes[name]

    def update(self, name: str, **fields: Any) -> None:
        """Change fields of the layer ``name``."""
        self.layers[name] = dataclasses.replace(self.layers[name], **fields)

    def put(self, layer: Layer) -> None:
        """Put ``layer`` in the place of the one of its name."""
        self.layers[layer.name] = layer

    def drop(self, name: str, note: str = "") -> None:
        """Take out a layer of one input; its readers read that input instead."""
        (source,) = self.layers.pop(name).inputs
        self.equals.pop(name, None)
        for reader in self.readers(name):
            self.update(reader.name, inputs=tuple(source if given == name else given for given in reader.inputs))
        if note:
            self.notes.append(note)

    def finish(self) -> Network:
        """Return the network as it is now."""
        return self.network.replace(self.layers.values(), *self.notes)
