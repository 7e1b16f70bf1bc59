"""Small analog networks with typical samples, for what is done before neurons are placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..dataset import UNKNOWN, Dataset
from ..layers import Activation, Add, AvgPool, Concat, Conv, Dense, Flatten, Input, MaxPool
from ..network import Array, Layer, Network

SAMPLES = 120


def data(network: Network, count: int = SAMPLES) -> Dataset:
    """Return random samples for ``network`` from 0 to 1."""
    shape = network.shapes[network.input.name]
    samples = np.random.default_rng(3).random((count, *shape)).astype(np.float32)
    return Dataset(samples, np.full(count, UNKNOWN), "golden samples")


def _numbers(seed: int, *shape: int, spread: float) -> Array:
    return (np.random.default_rng(seed).standard_normal(shape) * spread).astype(np.float32)


def _dense(name: str, source: str, sizes: tuple[int, int], seed: int, spread: float) -> Dense:
    weight, bias = _numbers(seed, *sizes, spread=spread), _numbers(seed + 100, sizes[0], spread=spread / 4)
    return Dense(name=name, inputs=(source,), weight=weight, bias=bias)


def _conv(name: str, source: str, sizes: tuple[int, int], seed: int, spread: float) -> Conv:
    plain: dict[str, Any] = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
    weight, bias = _numbers(seed, *sizes, 3, 3, spread=spread), _numbers(seed + 100, sizes[0], spread=spread / 4)
    return Conv(name=name, inputs=(source,), weight=weight, bias=bias, **plain)


def _relu(name: str, source: str) -> Activation:
    return Activation(name=name, inputs=(source,), function="relu")


def _network(*layers: Layer) -> Network:
    return Network(layers, stage="simplified")


def dense(*, softmax: bool = False) -> Network:
    """Return three dense layers with values of quite different sizes, with a softmax behind them if wanted."""
    last = (Activation(name="out", inputs=("third",), function="softmax"),) if softmax else ()
    return _network(
        Input(name="input", shape=(6,)),
        _dense("first", "input", (12, 6), 1, 3.0),
        _relu("first/relu", "first"),
        _dense("second", "first/relu", (10, 12), 2, 0.1),
        _relu("second/relu", "second"),
        _dense("third", "second/relu", (4, 10), 3, 1.0),
        *last,
    )


def dense_with_softmax() -> Network:
    """Return `dense` with a softmax behind it."""
    return dense(softmax=True)


def convolutions() -> Network:
    """Return two convolutions, each with a pool behind it, and a dense layer."""
    plain: dict[str, Any] = {"size": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0))}
    return _network(
        Input(name="input", shape=(2, 8, 8)),
        _conv("first", "input", (4, 2), 4, 2.0),
        _relu("first/relu", "first"),
        MaxPool(name="largest", inputs=("first/relu",), **plain),
        _conv("second", "largest", (6, 4), 5, 0.1),
        _relu("second/relu", "second"),
        AvgPool(name="mean", inputs=("second/relu",), **plain),
        Flatten(name="flat", inputs=("mean",)),
        _dense("third", "flat", (5, 24), 6, 1.0),
    )


def dead() -> Network:
    """Return a network whose second rectifier gives nothing for any sample; only the biases of the last layer count."""
    silent = Dense(
        name="second",
        inputs=("first/relu",),
        weight=np.full((3, 5), -1, np.float32),
        bias=np.full(3, -0.5, np.float32),
    )
    return _network(
        Input(name="input", shape=(4,)),
        _dense("first", "input", (5, 4), 7, 1.0),
        _relu("first/relu", "first"),
        silent,
        _relu("second/relu", "second"),
        _dense("third", "second/relu", (3, 3), 8, 1.0),
    )


def residual() -> Network:
    """Return a block whose two branches, which are added, have values of quite different sizes."""
    return _network(
        Input(name="input", shape=(2, 5, 5)),
        _conv("first", "input", (4, 2), 9, 5.0),
        _relu("first/relu", "first"),
        _conv("second", "first/relu", (4, 4), 10, 0.02),
        _relu("second/relu", "second"),
        Add(name="sum", inputs=("first/relu", "second/relu"), factors=np.array([0.5, 2], np.float32)),
        _relu("sum/relu", "sum"),
        Flatten(name="flat", inputs=("sum/relu",)),
        _dense("third", "flat", (4, 100), 11, 0.5),
    )


def joined() -> Network:
    """Return two branches with values of quite different sizes, one after the other in the channels."""
    return _network(
        Input(name="input", shape=(2, 5, 5)),
        _conv("first", "input", (3, 2), 12, 5.0),
        _relu("first/relu", "first"),
        _conv("second", "input", (2, 2), 13, 0.1),
        _relu("second/relu", "second"),
        Concat(name="both", inputs=("first/relu", "second/relu")),
        _conv("third", "both", (3, 5), 14, 1.0),
        _relu("third/relu", "third"),
        Flatten(name="flat", inputs=("third/relu",)),
        _dense("fourth", "flat", (4, 75), 15, 0.5),
    )


def ending_in_rectifiers() -> Network:
    """Return `dense` with rectifiers at the end."""
    network = dense()
    return _network(*network.layers, _relu("out", "third"))


def ending_in_branches() -> Network:
    """Return two branches with values of quite different sizes, which are the outputs side by side."""
    return _network(
        Input(name="input", shape=(4,)),
        _dense("first", "input", (3, 4), 16, 3.0),
        _relu("first/relu", "first"),
        _dense("second", "input", (3, 4), 17, 0.5),
        _relu("second/relu", "second"),
        Concat(name="out", inputs=("first/relu", "second/relu")),
    )


ALL: Mapping[str, Callable[[], Network]] = {
    "dense": dense,
    "dense with softmax": dense_with_softmax,
    "convolutions": convolutions,
    "dead layer": dead,
    "residual block": residual,
    "joined branches": joined,
    "rectifiers at the end": ending_in_rectifiers,
    "branches at the end": ending_in_branches,
}
