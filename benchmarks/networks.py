"""The networks that are compared, as plain arrays that every contender builds its own form of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from snn import analog
from snn.layers import Activation, AvgPool, Conv, Dense, Flatten, Input
from snn.network import Array, Layer, Network

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parents[1] / "shared" / "reference" / "golden"
FIXTURE = HERE.parent / "packages" / "backend-inisim" / "tests" / "golden" / "ancestor.npz"
MNIST = HERE.parent / "examples" / "mnist" / "test.npz"
GOLDEN_SCALES = (1.0, 2.3927802729606755, 9.268087946891818, 21.562338832855282)  # of the input and of three layers


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer with weights, a rectifier (not behind the last) and an average pool.

    Attributes
    ----------
    weight : ndarray, (out, in) or (out, in, height, width)
    bias : ndarray, (out,)
    padding : int
        Cells on every side.
    pool : int
        The side of the average pool behind the rectifier; 1: none.
    """

    weight: Array
    bias: Array
    padding: int = 0
    pool: int = 1


@dataclass(frozen=True, eq=False)
class Example:
    """A network and the samples, (n, *shape), that it is shown; values behind rectifiers are mostly at most 1."""

    name: str
    stages: tuple[Stage, ...]
    samples: Array

    def batch(self, size: int) -> Array:
        """Return ``size`` samples, again from the first where there are too few."""
        return np.ascontiguousarray(np.resize(self.samples, (size, *self.samples.shape[1:])))

    def network(self) -> Network:
        """Return the network, normalised, as `snn.convert` takes it."""
        return Network(tuple(_layers(self.stages, self.samples.shape[1:])), stage="normalised")

    def save(self, path: Path) -> None:
        """Write the example to a .npz."""
        arrays: dict[str, npt.NDArray[np.generic]] = {"name": np.array(self.name), "samples": self.samples}
        for number, stage in enumerate(self.stages):
            arrays |= {f"{number}/weight": stage.weight, f"{number}/bias": stage.bias}
            arrays[f"{number}/sizes"] = np.array([stage.padding, stage.pool])
        np.savez(path, **arrays)  # type: ignore[arg-type]  # names of arrays are not parameters

    @classmethod
    def load(cls, path: Path) -> Example:
        """Return what `save` has written."""
        with np.load(path) as arrays:
            count = sum(name.endswith("/weight") for name in arrays.files)
            stages = tuple(
                Stage(arrays[f"{n}/weight"], arrays[f"{n}/bias"], *(int(size) for size in arrays[f"{n}/sizes"]))
                for n in range(count)
            )
            return cls(str(arrays["name"]), stages, arrays["samples"])


def golden() -> Example:
    """Return the ancestor's CNN, 16 5x5 - pool - 32 3x3 - pool - 10, and MNIST images."""
    if REFERENCE.is_dir():
        with np.load(REFERENCE / "weights_plain.npz") as kept, np.load(REFERENCE / "x_test.npz") as images:
            weights, samples = dict(kept), images["arr_0"]
    else:
        with np.load(FIXTURE) as kept:
            weights = {name.removeprefix("weights/"): array for name, array in kept.items()}
            samples = weights["x"]
    scales = list(zip(("conv2d", "conv2d_1", "dense"), GOLDEN_SCALES, GOLDEN_SCALES[1:], strict=False))
    scaled = {name: weights[f"{name}/kernel"] * np.float32(before / after) for name, before, after in scales}
    biases = [weights[f"{name}/bias"] / np.float32(after) for name, _, after in scales]
    convolutions = [scaled[name].transpose(3, 2, 0, 1) for name in ("conv2d", "conv2d_1")]
    dense = scaled["dense"].reshape(5, 5, 32, 10).transpose(3, 2, 0, 1).reshape(10, -1)
    stages = (Stage(convolutions[0], biases[0], pool=2), Stage(convolutions[1], biases[1], pool=2))
    return Example("golden CNN", (*stages, Stage(dense, biases[2])), samples.transpose(0, 3, 1, 2).astype(np.float32))


def perceptron(rate: float = 0.09) -> Example:
    """Return 784-1200-1200-10 with random weights whose neurons fire in ``rate`` of the steps, and MNIST images."""
    random = np.random.default_rng(1)
    with np.load(MNIST) as images:
        samples = (images["x"].reshape(-1, 784) / np.float32(255 if images["x"].max() > 1 else 1)).astype(np.float32)
    stages = [_dense(random, inputs, outputs) for inputs, outputs in ((784, 1200), (1200, 1200), (1200, 10))]
    return Example("MLP", _firing(stages, samples[:200], rate), samples)


def vgg(rate: float) -> Example:
    """Return 64-64-P-128-128-P-256-256-P-512-10 on noise of 3x32x32, whose neurons fire in ``rate`` of the steps."""
    random = np.random.default_rng(2)
    samples = random.random((128, 3, 32, 32), np.float32) * random.random((128, 3, 1, 1), np.float32)
    widths = ((3, 64, 1), (64, 64, 2), (64, 128, 1), (128, 128, 2), (128, 256, 1), (256, 256, 2))
    stages = [_conv(random, inputs, outputs, pool) for inputs, outputs, pool in widths]
    stages += [_dense(random, 4096, 512), _dense(random, 512, 10)]
    return Example(f"VGG {100 * rate:g} %", _firing(stages, samples[:32], rate), samples)


EXAMPLES: Mapping[str, Callable[[], Example]] = {
    "golden": golden,
    "mlp": perceptron,
    "vgg5": partial(vgg, 0.05),
    "vgg15": partial(vgg, 0.15),
}
"""What can be asked for by name."""


def _dense(random: np.random.Generator, inputs: int, outputs: int) -> Stage:
    weight = random.standard_normal((inputs, outputs)).T * (2 / inputs) ** 0.5
    return Stage(weight.astype(np.float32), np.zeros(outputs, np.float32))


def _conv(random: np.random.Generator, inputs: int, outputs: int, pool: int) -> Stage:
    weight = random.standard_normal((3, 3, inputs, outputs)).transpose(3, 2, 0, 1) * (2 / (9 * inputs)) ** 0.5
    return Stage(weight.astype(np.float32), np.zeros(outputs, np.float32), padding=1, pool=pool)


def _firing(stages: list[Stage], samples: Array, rate: float) -> tuple[Stage, ...]:
    """Return ``stages`` so scaled that, behind each but the last, the mean of values cut off at 1 is ``rate``."""
    network = Network(tuple(_layers(stages, samples.shape[1:])))
    names = [f"relu{number}" for number in range(len(stages) - 1)]
    # One at a time, since all values together are large.
    scales = [_scale(analog.evaluate(network, samples, {name})[name], rate) for name in names]
    scales = [1.0, *scales, 1.0]
    return tuple(
        Stage(stage.weight * np.float32(before / after), stage.bias / np.float32(after), stage.padding, stage.pool)
        for stage, before, after in zip(stages, scales, scales[1:], strict=False)
    )


def _scale(values: Array, rate: float) -> float:
    """Return what ``values`` are to be divided by."""
    low, high = 1e-6, 1e4
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if np.minimum(values / np.float32(middle), 1).mean() > rate else (low, middle)
    return low


def _layers(stages: tuple[Stage, ...] | list[Stage], shape: tuple[int, ...]) -> list[Layer]:
    layers: list[Layer] = [Input(name="input", shape=shape)]

    def put(kind: type[Layer], name: str, **fields: object) -> None:
        layers.append(kind(name=name, inputs=(layers[-1].name,), **fields))

    for number, stage in enumerate(stages):
        weights = {"weight": stage.weight, "bias": stage.bias}
        if stage.weight.ndim == 2:
            if len(shape) == 3:
                put(Flatten, "flat")
            put(Dense, f"dense{number}", **weights)
            shape = (len(stage.bias),)
        else:
            fields = {"stride": (1, 1), "dilation": (1, 1), "padding": ((stage.padding,) * 2,) * 2}
            put(Conv, f"conv{number}", **weights, **fields)
        if number < len(stages) - 1:
            put(Activation, f"relu{number}", function="relu")
        if stage.pool > 1:
            put(AvgPool, f"pool{number}", size=(stage.pool,) * 2, stride=(stage.pool,) * 2, padding=((0, 0),) * 2)
    return layers
