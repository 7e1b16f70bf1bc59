"""Write a network down layer by layer, as a frontend reads it; what does not fit is told by the layer's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import prod

from .errors import NetworkError, ParseError, UnsupportedLayer
from .network import Layer, Shape

MOST_ELEMENTS = 2**27
"""What one layer of a model may give for a sample: a file of a few bytes could claim any number."""
_MOST_TOLD = 20  # lines of an error
_MOST_EXPANDED = 2**25  # elements of all layers together


class Builder:
    """The layers so far; ``reserved`` are the names that layers to come will have.

    Attributes
    ----------
    layers : list of Layer
        In the order in which they were added.
    shapes : dict of name to shape
        What each of them gives, (*shape).
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.layers: list[Layer] = []
        self.shapes: dict[str, Shape] = {}
        self._taken = set(reserved)
        self._numbers: dict[str, int] = {}  # the last that was given to each name
        self._expanded = 0

    def add(self, layer: Layer) -> Shape:
        """Write down a layer that reads earlier ones, and return the shape of what it gives.

        Raises
        ------
        ParseError
            Its inputs do not fit it, or its result would be empty or too large.
        """
        try:
            shape = layer.output_shape(tuple(self.shapes[name] for name in layer.inputs))
        except ValueError as error:
            raise ParseError(f"layer {layer.name!r}: {error}") from error
        if not shape or min(shape) < 1:
            raise ParseError(
                f"layer {layer.name!r}: its result would have shape {shape}; every axis must be at least 1"
            )
        if prod(shape) > MOST_ELEMENTS:
            raise ParseError(f"layer {layer.name!r}: its result would have shape {shape}, too large to be a network's")
        self.layers.append(layer)
        self.shapes[layer.name] = shape
        return shape

    def unique(self, name: str) -> str:
        """Return ``name``, or where it is taken, ``name`` with a number; it is taken from now on."""
        free, number = name, self._numbers.get(name, 0)
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._numbers[name] = number
        self._taken.add(free)
        return free

    def expand(self, elements: int, where: str) -> None:
        """Count weights that a layer will have beyond those in its file, before they are made.

        Raises
        ------
        ParseError
            Together they are more than a network's could be.
        """
        self._expanded += elements
        if self._expanded > _MOST_EXPANDED:
            raise ParseError(
                f"{where}: its weights, one an element, would be {elements:,}, and too many with those of other layers"
            )


class Faults:
    """Layers that cannot be translated, all of which are found before they are told.

    Once there is one, what does not fit is most likely its consequence and is passed over.
    """

    def __init__(self, found: Iterable[UnsupportedLayer] = ()) -> None:
        self._found = list(found)

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keep an UnsupportedLayer for later; raise other errors, as ParseError, unless there is one already."""
        try:
            yield
        except UnsupportedLayer as error:
            self._found.append(error)
        except ParseError:
            if not self._found:
                raise
        except NetworkError as error:
            if not self._found:
                raise ParseError(str(error), hint=error.hint) from error

    def tell(self) -> None:
        """Raise UnsupportedLayer, a line a layer, where there are any."""
        if not self._found:
            return
        lines = list(dict.fromkeys(str(fault) for fault in self._found))
        more = [f"and {len(lines) - _MOST_TOLD} more"] if len(lines) > _MOST_TOLD else []
        raise UnsupportedLayer("\n  ".join([*lines[:_MOST_TOLD], *more]), hint=self._found[0].hint)
