"""From layers that name blobs to a list of calls: who reads whose result, and which result is the network's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from snn.errors import ParseError

from .definition import Definition, LayerDefinition
from .telling import listed

SOURCES = frozenset({"Input", "DummyData", "Data", "ImageData", "HDF5Data", "MemoryData", "WindowData"})
IDENTITIES = frozenset({"Dropout", "Split"})
SEVERAL_TOPS = frozenset({"Split", "SoftmaxWithLoss"})
_LABELLED = frozenset({"Data", "ImageData", "MemoryData", "WindowData"})
_TWICE = "give it a top of its own; Caffe refuses this too"
_WITHOUT_RESULT = frozenset({"Accuracy", "Silence", "HDF5Output"})
SOFTMAX = "SoftmaxWithLoss"


@dataclass(frozen=True, eq=False)
class Call:
    """One result of a layer, or an input.

    Attributes
    ----------
    blob : str
        What the prototxt calls it; with layers that work in place, several calls have the same.
    layer : LayerDefinition or None
        None for an input that is named outside of layers.
    inputs : tuple of int
        The calls whose results it takes, by their place in the list.
    top : int
        Which of the layer's results it is.
    """

    blob: str
    layer: LayerDefinition | None
    inputs: tuple[int, ...] = ()
    top: int = 0

    @property
    def name(self) -> str:
        """The name of its layer; an input is called as its blob."""
        return self.blob if self.is_source or self.layer is None else self.layer.name

    @property
    def is_source(self) -> bool:
        """Whether samples, or labels, enter here."""
        return self.layer is None or self.layer.kind in SOURCES


@dataclass(frozen=True, eq=False)
class Graph:
    """The calls that the result needs, in order; the first is the input, the last gives the result.

    ``left_out`` are the layers that change nothing when the network is used.
    """

    calls: tuple[Call, ...]
    left_out: tuple[LayerDefinition, ...]


def read_graph(definition: Definition, output: str = "") -> Graph:
    """Return the calls for the result ``output``, a layer or a blob; by default the only one that nothing reads."""
    tracer = _Tracer(definition)
    result = tracer.named(output) if output else tracer.only_result()
    needed = _ancestors(tracer.calls, result)
    sources = [index for index in needed if tracer.calls[index].is_source]
    if len(sources) != 1:
        told = listed(repr(tracer.calls[index].name) for index in sources)
        raise ParseError(
            f"the network has {len(sources)} inputs, {told}; one is possible",
            hint="name an earlier layer that needs only one with --set frontend.caffe.output=LAYER",
        )
    entry = tracer.calls[sources[0]]
    if entry.top and entry.layer is not None and entry.layer.kind in _LABELLED:
        raise ParseError(f"the network reads {entry.blob!r}, which are labels, and no samples")
    order = [sources[0], *(index for index in needed if index != sources[0])]
    place = {index: number for number, index in enumerate(order)}
    calls = [
        Call(call.blob, call.layer, tuple(place[source] for source in call.inputs), call.top)
        for call in (tracer.calls[index] for index in order)
    ]
    return Graph(tuple(calls), tuple(tracer.left_out))


@dataclass
class _Tracer:
    """Follows the blobs through the layers; a blob that is written again is, from there on, the later result."""

    definition: Definition
    calls: list[Call] = field(default_factory=list)
    left_out: list[LayerDefinition] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._latest: dict[str, int] = {}
        self._silent: set[int] = set()
        self._losses: dict[int, LayerDefinition] = {}
        for name in self.definition.inputs:
            self._write(Call(name, None))
        for layer in self.definition.layers:
            self._trace(layer)

    def named(self, output: str) -> int:
        """Return the last result of the layer, or else the blob, ``output``."""
        by_layer = [index for index, call in enumerate(self.calls) if call.layer and call.layer.name == output]
        if by_layer or output in self._latest:
            index = by_layer[-1] if by_layer else self._latest[output]
            if self.calls[index].is_source:
                raise ParseError(f"the result {output!r} is the network's input", hint="name a layer that computes")
            return index
        losses = [index for index, layer in self._losses.items() if layer.name == output]
        if losses:
            return self._softmax(losses[0])
        names = ", ".join(dict.fromkeys(repr(call.name) for call in self.calls))
        raise ParseError(
            f"no layer and no blob is called {output!r}",
            hint=f"[frontend.caffe] output is one of {names:.300}",
        )

    def only_result(self) -> int:
        """Return the only result that no layer reads."""
        read = {source for call in self.calls for source in call.inputs} | self._silent
        results = [index for index, call in enumerate(self.calls) if index not in read and not call.is_source]
        if len(results) > 1:
            told = listed(repr(self.calls[index].name) for index in results)
            raise ParseError(
                f"the network has {len(results)} results, {told}",
                hint=f"choose one with --set frontend.caffe.output={self.calls[results[-1]].name}",
            )
        if not results:
            raise ParseError("the network gives no result: every blob is read by a layer, or is an input")
        return self._softmax(results[0]) if results[0] in self._losses else results[0]

    def _softmax(self, index: int) -> int:
        loss = self._losses[index]
        self.left_out.remove(loss)
        self.calls.append(Call(loss.name, loss, (index,)))
        return len(self.calls) - 1

    def _trace(self, layer: LayerDefinition) -> None:
        if layer.kind in SOURCES:
            for number, top in enumerate(layer.tops):
                self._write(Call(top, layer, (), number))
            return
        if layer.kind in _WITHOUT_RESULT or layer.kind.endswith("Loss"):
            self._leave_out(layer)
            return
        inputs = tuple(self._read(name, layer) for name in layer.bottoms)
        if layer.kind in IDENTITIES:
            self.left_out.append(layer)
        for number, top in enumerate(layer.tops):
            self._write(Call(top, layer, inputs, number))
        if not layer.tops:
            raise ParseError(f"{layer.where} has no top, and so no result")

    def _leave_out(self, layer: LayerDefinition) -> None:
        read = [self._latest[name] for name in layer.bottoms if name in self._latest]
        if layer.kind == SOFTMAX and len(layer.tops) > 1 and read:  # its second result is that of the softmax
            self._write(Call(layer.tops[1], layer, (read[0],), 1))
            return
        self.left_out.append(layer)
        if layer.kind == "Silence":
            self._silent.update(read)
        if layer.kind == SOFTMAX and read:
            self._losses.setdefault(read[0], layer)

    def _read(self, name: str, layer: LayerDefinition) -> int:
        if name not in self._latest:
            hint = (
                "its phase is TEST, of no stage: give the deploy.prototxt" if name in self.definition.excluded else ""
            )
            raise ParseError(
                f"{layer.where} reads {name!r}, which is neither an input nor written by an earlier layer"
                + (" of those that rules of phase and stage leave" if hint else ""),
                hint=hint,
            )
        return self._latest[name]

    def _write(self, call: Call) -> None:
        in_place = call.layer is not None and call.blob in call.layer.bottoms
        if call.blob in self._latest and not in_place:
            where = call.layer.where if call.layer else "the network"
            raise ParseError(f"{where} writes {call.blob!r}, which is there already, and does not read it", hint=_TWICE)
        self._latest[call.blob] = len(self.calls)
        self.calls.append(call)


def _ancestors(calls: Sequence[Call], result: int) -> list[int]:
    """Return the calls that ``result`` needs, itself included, in order."""
    needed: set[int] = set()
    waiting: list[int] = [result]
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            waiting.extend(calls[index].inputs)
    return sorted(needed)


def names(layers: Iterable[LayerDefinition]) -> str:
    """Return layers as messages list them."""
    return listed(f"{layer.name} ({layer.kind})" for layer in layers)
