"""The layer notation of the original: ``["34x34x2", "16c5", "2a", "512", "10"]``.

| word | is |
|---|---|
| ``34x34x2``, ``784`` | the input: width x height x channels, or elements; first, and only there |
| ``16c5``, ``16c5z`` | a convolution, 16 kernels of 5 by 5, padded by half of that; the z changes nothing |
| ``2a`` | a sum over windows of 2 by 2, of a fixed weight; what a border lacks is padded |
| ``512`` | a dense layer |

``stride=2``, ``padding=0``, ``dilation=2`` or ``groups=4`` may follow a convolution, after a space.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from snn.errors import SettingsError
from snn.layers import Conv, Dense, Flatten, Input
from snn.network import Array, Layer, Shape

_HINT = 'as in layers = ["34x34x2", "16c5", "2a", "512", "10"]; docs/training.md has them all'
_INPUT = re.compile(r"(\d{1,7})(?:x(\d{1,7})x(\d{1,5}))?")
_CONV = re.compile(r"(\d{1,6})c(\d{1,3})z?")
_POOL = re.compile(r"(\d{1,3})a")
_DENSE = re.compile(r"\d{1,7}")
_OPTION = re.compile(r"(stride|padding|dilation|groups)=(\d{1,4})")

MOST_WEIGHTS = 2**28
"""Of a layer: with their gradients and the optimiser's means, 16 bytes each."""

Weights = Callable[[str, Shape], Array]
"""Makes the weights of a layer of this name and shape."""


@dataclass(frozen=True)
class Notation:
    """Layers of weights, each of which neurons follow.

    Attributes
    ----------
    layers : tuple of Layer
        An `Input`, and then what is between the neurons of a layer and those of the next.
    fixed : set of str
        The names of layers whose weights are not trained.
    """

    layers: tuple[Layer, ...]
    fixed: frozenset[str]


def read(words: Sequence[str], weights: Weights, neurons: Callable[[str], Layer]) -> Notation:
    """Return the layers that ``words`` stand for; ``neurons`` makes those that follow a layer of this name.

    Raises
    ------
    SettingsError
        A word is none, or does not fit the one before.
    """
    if len(words) < 2:
        raise SettingsError(f"[trainer.slayer] layers: {list(words)} is no network", hint=_HINT)
    first = _INPUT.fullmatch(words[0])
    if first is None:
        raise _fault(words[0], "is no input: width x height x channels, or a number of elements")
    width, height, channels = first.groups()
    shape: Shape = (int(channels), int(height), int(width)) if channels else (int(width),)
    if min(shape) < 1:
        raise _fault(words[0], "has nothing in it")

    def bounded(name: str, shape: Shape) -> Array:
        if math.prod(shape) > MOST_WEIGHTS:
            raise SettingsError(
                f"[trainer.slayer] layers: {name} would have {math.prod(shape):,} weights; more than {MOST_WEIGHTS:,} "
                "are not trained",
                hint="put a convolution with a stride, or a pool, before it: docs/training.md",
            )
        return weights(name, shape)

    layers: list[Layer] = [Input(name="input", shape=shape)]
    fixed: set[str] = set()
    counts: dict[str, int] = {}
    for word in words[1:]:
        kind, made = _layer(word, shape, layers[-1].name, counts, bounded)
        layers += made
        shape = _shape(layers, shape, made)
        if kind == "pool":
            fixed.add(made[-1].name)
        layers.append(neurons(made[-1].name))
    return Notation(tuple(layers), frozenset(fixed))


def _shape(layers: Sequence[Layer], shape: Shape, made: Sequence[Layer]) -> Shape:
    for layer in made:
        try:
            shape = layer.output_shape((shape,))
        except ValueError as error:
            raise SettingsError(f"[trainer.slayer] layers: {layer.name}: {error}", hint=_HINT) from None
        if min(shape) < 1:
            raise SettingsError(f"[trainer.slayer] layers: {layer.name} would have shape {shape}", hint=_HINT)
    return shape


def _layer(
    word: str, shape: Shape, source: str, counts: dict[str, int], weights: Weights
) -> tuple[str, tuple[Layer, ...]]:
    """Return the kind of layer that ``word`` stands for, and the layers that it is made of."""

    def named(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        return f"{kind}{counts[kind]}"

    head, *options = word.split() or [""]
    given = {match[1]: int(match[2]) for match in map(_OPTION.fullmatch, options) if match}
    if len(given) != len(options):
        raise _fault(word, "has options that are none: stride=, padding=, dilation= and groups= are")
    if conv := _CONV.fullmatch(head):
        return "conv", (_conv(word, named("conv"), source, shape, (int(conv[1]), int(conv[2])), given, weights),)
    if given:
        raise _fault(word, "has options, which a convolution alone takes")
    if pool := _POOL.fullmatch(head):
        return "pool", (_pool(word, named("pool"), source, shape, int(pool[1]), weights),)
    if _DENSE.fullmatch(head) and int(head):
        name = named("dense")
        made: list[Layer] = []
        size = math.prod(shape)
        if len(shape) > 1:
            made.append(Flatten(name=f"{name}/flat", inputs=(source,)))
            source = made[-1].name
        weight = weights(name, (int(head), size))
        return "dense", (*made, Dense(name=name, inputs=(source,), weight=weight, bias=_none(int(head))))
    raise _fault(word, "is no layer")


def _conv(
    word: str, name: str, source: str, shape: Shape, size: tuple[int, int], given: Mapping[str, int], weights: Weights
) -> Conv:
    channels, kernel = size
    groups = given.get("groups", 1)
    if len(shape) != 3:
        raise _fault(word, "is a convolution, and what is before it has no rows and columns")
    if not channels or not kernel or not groups or shape[0] % groups or channels % groups:
        raise _fault(word, f"does not fit {shape[0]} channels")
    if not given.get("stride", 1) or not given.get("dilation", 1):
        raise _fault(word, "has a stride or a dilation of 0")
    padding = given.get("padding", kernel // 2)
    return Conv(
        name=name,
        inputs=(source,),
        weight=weights(name, (channels, shape[0] // groups, kernel, kernel)),
        bias=_none(channels),
        stride=(given.get("stride", 1),) * 2,
        padding=((padding, padding),) * 2,
        dilation=(given.get("dilation", 1),) * 2,
        groups=groups,
    )


def _pool(word: str, name: str, source: str, shape: Shape, size: int, weights: Weights) -> Conv:
    if len(shape) != 3 or not size:
        raise _fault(word, "is a pool, and needs rows and columns before it, and a size above 0")
    lacks = [-axis % size for axis in shape[1:]]
    return Conv(
        name=name,
        inputs=(source,),
        weight=weights(name, (shape[0], 1, size, size)),
        bias=_none(shape[0]),
        stride=(size, size),
        padding=((0, lacks[0]), (0, lacks[1])),
        dilation=(1, 1),
        groups=shape[0],
    )


def _none(size: int) -> Array:
    return np.zeros(size, np.float32)


def _fault(word: str, why: str) -> SettingsError:
    return SettingsError(f"[trainer.slayer] layers: {word!r} {why}", hint=_HINT)
