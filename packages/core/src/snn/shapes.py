"""The arithmetic of shapes: what fits a layer, and how large its output is.

Every check raises ValueError; the network adds the name of the layer.
"""

from __future__ import annotations

from typing import TypeAlias

from .network import Shape

Padding: TypeAlias = tuple[tuple[int, int], ...]
"""What is added before and after, a pair a spatial axis."""


def pooled(size: Shape, stride: Shape, padding: Padding, x: Shape) -> Shape:
    """Return the shape of a pool's output for an input of shape ``x``."""
    for n, (before, after) in zip(size, padding, strict=False):
        if not (0 <= before < n and 0 <= after < n):
            raise ValueError(f"padding {padding} must be smaller than the window {size}")
    return (x[0], *windows(x[1:], size, stride, padding, (1,) * len(size)))


def windows(x: Shape, kernel: Shape, stride: Shape, padding: Padding, dilation: Shape) -> Shape:
    """Return how many windows fit along each axis."""
    one_an_axis(len(x), kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    positive(kernel=kernel, stride=stride, dilation=dilation)
    if min(min(pair) for pair in padding) < 0:
        raise ValueError(f"padding {padding} is negative")
    sizes = zip(x, kernel, stride, padding, dilation, strict=True)
    return tuple((n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)


def one_an_axis(count: int, **fields: tuple[object, ...]) -> None:
    """Check that each of ``fields`` has ``count`` entries, one a spatial axis."""
    if not count:
        raise ValueError("the input has no spatial axis")
    for name, value in fields.items():
        if len(value) != count:
            raise ValueError(f"{name} {value} needs {count} entries, one a spatial axis")


def positive(**fields: Shape) -> None:
    """Check that no entry of ``fields`` is below 1."""
    for name, value in fields.items():
        if min(value) < 1:
            raise ValueError(f"{name} {value} must be at least 1")


def same(name: str, shape: Shape, wanted: Shape) -> None:
    """Check that the array called ``name`` has the shape ``wanted``."""
    if shape != wanted:
        raise ValueError(f"{name} has shape {shape}, not {wanted}")


def divided(groups: int, out: int, into: int) -> None:
    """Check that ``groups`` divide the channels on both sides."""
    if groups < 1 or out % groups or into % groups:
        raise ValueError(f"{groups} groups do not divide {into} input and {out} output channels")
