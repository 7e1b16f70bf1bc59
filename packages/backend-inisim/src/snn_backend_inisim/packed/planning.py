"""How the packed engine runs a network: which layers pass spikes as bits, and which numbers.

Plain integrate-and-fire neurons give packed spikes. They stay packed through average pools with one divisor; through
max-pools; where whole words are moved; and into weights. All else takes numbers, and gets the spikes unpacked.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from snn import analog
from snn import layers as op
from snn.network import Layer, Network
from snn.neurons import Neuron
from snn.simulating import Setup

from ..parts import Average, Part, Rewire
from ..parts import Largest as LargestPart
from ..placing import place
from ..rate import Fire as FirePart
from ..rate import place as place_neurons
from ..wiring import Indices
from .arranging import in_lanes, words_moved
from .connecting import conv_reach, conv_sections, dense_reach, dense_sections
from .gathered import Gather
from .packing import words_of
from .tasks import AddUp, Alone, Fire, Key, Largest, Move, Task, Unpack

MOST_PLANES = 8
_NO_ORDER = np.zeros(0, np.int64)
_ORDERS = (op.Flatten, op.Reshape, op.Permute)


def plan(network: Network, setup: Setup) -> tuple[Task, ...]:
    """Return the tasks that run ``network``, in their order."""
    return _Plan(network, setup).tasks()


class _Plan:
    def __init__(self, network: Network, setup: Setup) -> None:
        self.network, self.setup = network, setup
        self.neurons = {
            layer.name: place_neurons(layer, network, setup) for layer in network.layers if isinstance(layer, Neuron)
        }
        self.divisors: dict[str, float] = {}  # of each layer that is packed: what its digits are divided by
        self.made: dict[Key, Task] = {}
        self.fused: set[str] = set()  # layers whose neurons do their work

    def tasks(self) -> tuple[Task, ...]:
        """Return the tasks, one or two a layer."""
        for layer in self.network.layers:
            if layer.arity != 0 and layer.name not in self.fused and not self._waits(layer):
                self._add(layer)
        self._numbers(self.network.output.name)
        return tuple(self.made.values())

    def _add(self, layer: Layer) -> None:
        task: Task | None = None
        if isinstance(layer, (op.Dense, op.Conv)):
            task = self._gather(layer)
        elif self._plain(layer.name):
            task = self._fire(layer)
        if task is None:
            part = self.neurons.get(layer.name) or place(layer, self.network, self.setup)
            if isinstance(part, Average):
                task = self._add_up(layer, part)
            elif isinstance(part, LargestPart):
                task = self._largest(layer, part)
            elif isinstance(part, Rewire):
                task = self._move(layer, part)
            task = task or self._alone(layer, part)
        self.made[task.key] = task

    def _waits(self, layer: Layer) -> bool:
        """Return whether a layer only gives another order to packed spikes, which may never be needed as numbers."""
        return isinstance(layer, _ORDERS) and self._packed(self._ordered(layer.name)[0])

    def _plain(self, name: str) -> bool:
        """Return whether a layer is of neurons that give packed spikes."""
        return type(self.neurons.get(name)) is FirePart and name not in self.setup.record.potentials

    def _packed(self, name: str) -> bool:
        return name in self.divisors

    def _numbers(self, name: str) -> Key:
        """Return the key of the output of ``name`` as numbers, which are unpacked where they are not there."""
        key = (name, False)
        if key not in self.made and name in self.network and self._waits(self.network[name]):
            self._add(self.network[name])
        if self._packed(name) and key not in self.made:
            source = self.made[name, True]
            sizes = {"cells": source.cells, "channels": source.channels}
            divisor = np.float32(self.divisors[name])
            self.made[key] = Unpack(key=key, inputs=((name, True),), divisor=divisor, **sizes)
        return key

    def _size(self, name: str) -> dict[str, int]:
        channels, *spatial = self.network.shapes[name]
        return {"cells": math.prod(spatial), "channels": channels}

    def _alone(self, layer: Layer, part: Part) -> Task:
        inputs = tuple(self._numbers(name) for name in layer.inputs)
        return Alone(key=(layer.name, False), inputs=inputs, part=part, **self._size(layer.name))

    def _fire(self, layer: Layer) -> Task:
        part = cast("FirePart", self.neurons[layer.name])
        size = self._size(layer.name)
        words = words_of(size["channels"])
        self.divisors[layer.name] = 1.0
        return Fire(
            key=(layer.name, True),
            inputs=(self._numbers(layer.inputs[0]),),
            threshold=part.threshold,
            initial=in_lanes(part.initial, size["channels"], words, multiple=4),
            words=words,
            work=math.prod(size.values()),
            **size,
        )

    def _single(self, name: str) -> Task | None:
        """Return the task that gives packed spikes of one plane for ``name``, if there is one."""
        if not self._packed(name) or self.divisors[name] != 1 or self.made[name, True].planes != 1:
            return None
        return self.made[name, True]

    def _add_up(self, layer: Layer, part: Average) -> Task | None:
        source = self._single(layer.inputs[0])
        planes = int(np.diff(part.first).max()).bit_length()
        if source is None or planes > MOST_PLANES or (part.divisor != part.divisor[0]).any():
            return None
        self.divisors[layer.name] = float(part.divisor[0])
        return AddUp(
            key=(layer.name, True),
            inputs=(source.key,),
            planes=planes,
            words=source.words,
            first=part.first,
            source=part.source,
            **self._size(layer.name),
        )

    def _largest(self, layer: Layer, part: LargestPart) -> Task | None:
        if (source := self._single(layer.inputs[0])) is None:
            return None
        self.divisors[layer.name] = 1.0
        return Largest(
            key=(layer.name, True),
            inputs=(source.key,),
            words=source.words,
            first=part.first,
            source=part.source,
            **self._size(layer.name),
        )

    def _move(self, layer: Layer, part: Rewire) -> Task | None:
        """Return the task that moves whole words, where the words of the output are words of the inputs."""
        sources = [self._single(name) for name in layer.inputs]
        size = self._size(layer.name)
        words = words_of(size["channels"])
        moves = []
        for source, (begin, end) in zip(sources, part.moves, strict=True):
            if source is None:
                return None
            found = words_moved(begin, source, end, size["channels"], words)
            if found is None:
                return None
            moves.append(found)
        self.divisors[layer.name] = 1.0
        keys = tuple(source.key for source in sources if source is not None)
        return Move(key=(layer.name, True), inputs=keys, words=words, moves=tuple(moves), **size)

    def _gather(self, layer: op.Dense | op.Conv) -> Task | None:
        """Return the task that puts packed spikes through weights, with the neurons behind them where it can be."""
        base, order = self._ordered(layer.inputs[0]) if isinstance(layer, op.Dense) else (layer.inputs[0], _NO_ORDER)
        if not self._packed(base):
            return None
        source = self.made[base, True]
        reach = conv_reach(layer, source, self.network) if isinstance(layer, op.Conv) else dense_reach(source)
        if reach is None:
            return None
        readers = self.network.readers(layer.name)
        reader = readers[0] if len(readers) == 1 and layer is not self.network.output else None
        fires = reader is not None and self._plain(reader.name)
        name = reader.name if reader is not None and fires else layer.name
        size = self._size(layer.name)
        initial, threshold = np.zeros((0, len(layer.bias)), np.float32), np.float32(np.inf)
        if fires:
            self.fused.add(name)
            self.divisors[name] = 1.0
            part = cast("FirePart", self.neurons[name])
            initial, threshold = part.initial.reshape(-1, len(layer.bias)), part.threshold
        bias = np.asarray(layer.bias * np.float32(self.setup.clock.dt_ms))
        divisor = np.float32(self.divisors[base])
        if isinstance(layer, op.Conv):
            sections = conv_sections(layer, divisor, bias, initial)
        else:
            sections = dense_sections(layer, source, order, divisor, bias, initial)
        return Gather(
            key=(name, fires),
            inputs=(source.key,),
            words=max(each.end_word for each in sections),
            work=float(layer.weight.size) * size["cells"] if fires else 0.0,
            threshold=threshold,
            heights=(2.0 ** np.arange(source.planes)).astype(np.float32),
            sections=sections,
            fires=fires,
            dense=isinstance(layer, op.Dense),
            cells=size["cells"],
            channels=size["channels"],
            **reach,
        )

    def _ordered(self, name: str) -> tuple[str, Indices]:
        """Return the layer that gives what ``name`` only puts in another order, and that order."""
        order = np.arange(math.prod(self.network.shapes[name]))
        while isinstance(layer := self.network[name], _ORDERS) and not self._packed(name):
            shape = self.network.shapes[layer.inputs[0]]
            numbers: Any = np.arange(len(order)).reshape(1, *shape)  # whole numbers are moved as floats are
            order = analog.apply(layer, numbers).reshape(-1).astype(np.int64)[order]
            name = layer.inputs[0]
        return name, order
