"""Networks for tests: the same seed gives the same network, of every operation, with branches and merges."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from snn import layers as op
from snn import neurons
from snn.network import Network

PLAIN = ("dense", "conv", "relu", "maxpool", "avgpool", "pad", "upsample", "flatten", "add", "concat", "transpose")
REWRITTEN = (*PLAIN, "batchnorm", "affine", "permute", "reshape", "linear", "again")
SPIKING = ("dense", "conv", "maxpool", "avgpool", "fire", "add", "concat", "flatten")


def over_seeds(count):
    """Run a test for ``count`` seeds, the same ones every time."""

    def decorate(test):
        return settings(max_examples=count, deadline=None, derandomize=True)(
            given(seed=st.integers(0, 2**31 - 1))(test)
        )

    return decorate


def dense(name, source, weight, bias=None):
    weight = np.asarray(weight, np.float32)
    bias = np.zeros(len(weight)) if bias is None else bias
    return op.Dense(name=name, inputs=(source,), weight=weight, bias=np.asarray(bias, np.float32))


def conv(name, source, weight, bias=None, **fields):
    weight = np.asarray(weight, np.float32)
    axes = weight.ndim - 2
    fields = {"stride": (1,) * axes, "padding": ((0, 0),) * axes, "dilation": (1,) * axes} | fields
    bias = np.zeros(len(weight)) if bias is None else bias
    return op.Conv(name=name, inputs=(source,), weight=weight, bias=np.asarray(bias, np.float32), **fields)


def relu(name, source, maximum=None):
    return op.Activation(name=name, inputs=(source,), function="relu", maximum=maximum)


def softmax(name, source):
    return op.Activation(name=name, inputs=(source,), function="softmax")


def chain(shape, *layers, **fields):
    """Return a network of an input of ``shape`` and ``layers``."""
    return Network((op.Input(name="in", shape=shape), *layers), **fields)


def samples(network, count=4, seed=0):
    return np.random.default_rng(seed).random((count, *network.shapes[network.input.name])).astype(np.float32)


def grow(seed, kinds=PLAIN, steps=8, end="dense"):
    """Return a random network of ``kinds``; ``end`` is the last layer: dense, softmax or none."""
    return _Grower(seed, kinds).network(steps, end)


class _Grower:
    def __init__(self, seed, kinds):
        self.rng = np.random.default_rng(seed)
        self.kinds = kinds
        self.layers = []
        self.shapes = {}
        axes = int(self.rng.integers(1, 3))
        self.put(op.Input(name="in", shape=(int(self.rng.integers(1, 4)), *map(int, self.rng.integers(3, 7, axes)))))

    def network(self, steps, end):
        ends = ["in"]
        for _ in range(steps):
            source = ends[int(self.rng.integers(len(ends)))]
            made = getattr(self, f"_{self.rng.choice(self.kinds)}")(source, ends)
            if made is None:
                continue
            if self.rng.random() < 0.8 or len(ends) > 3:
                ends = [name for name in ends if name != source]
            ends.append(made)
        unread = [layer.name for layer in self.layers if not any(layer.name in x.inputs for x in self.layers)]
        flat = [self._flatten(name, None) or name for name in unread]
        last = flat[0]
        if len(flat) > 1:
            last = self.put(op.Concat(name=self.name("join"), inputs=tuple(flat)))
        if end != "none":
            last = self.weights(last, 4)
        if end == "softmax":
            self.put(softmax("softmax", last))
        return Network(tuple(self.layers))

    def name(self, kind):
        return f"{kind}{len(self.layers)}"

    def put(self, layer):
        self.shapes[layer.name] = layer.output_shape(tuple(self.shapes[name] for name in layer.inputs))
        self.layers.append(layer)
        return layer.name

    def array(self, *shape, fan_in=1):
        return (self.rng.normal(size=shape) / math.sqrt(fan_in)).astype(np.float32)

    def ints(self, axes, low, high):
        return tuple(int(n) for n in self.rng.integers(low, high + 1, axes))

    def pairs(self, most):
        return tuple((int(self.rng.integers(0, m + 1)), int(self.rng.integers(0, m + 1))) for m in most)

    def weights(self, source, out):
        (size,) = self.shapes[source]
        weight = self.array(out, size, fan_in=size)
        return self.put(dense(self.name("dense"), source, weight, self.array(out) / 4))

    def _dense(self, source, ends):
        return self.weights(source, int(self.rng.integers(2, 6))) if len(self.shapes[source]) == 1 else None

    def _conv(self, source, ends):
        x = self.shapes[source]
        if len(x) < 2 or min(x[1:]) < 2:
            return None
        axes = len(x) - 1
        groups = int(self.rng.choice([g for g in range(1, x[0] + 1) if x[0] % g == 0]))
        kernel = self.ints(axes, 1, 2)
        weight = self.array(groups * int(self.rng.integers(1, 3)), x[0] // groups, *kernel, fan_in=2 * x[0])
        fields = {"stride": self.ints(axes, 1, 2), "padding": self.pairs([1] * axes), "groups": groups}
        if min(x[1:]) > 2:
            fields["dilation"] = self.ints(axes, 1, 2)
        return self.put(conv(self.name("conv"), source, weight, self.array(len(weight)) / 4, **fields))

    def _transpose(self, source, ends):
        x = self.shapes[source]
        if len(x) < 2 or max(x[1:]) > 5:
            return None
        axes = len(x) - 1
        groups = int(self.rng.choice([g for g in range(1, x[0] + 1) if x[0] % g == 0]))
        weight = self.array(x[0], int(self.rng.integers(1, 3)), *self.ints(axes, 1, 3), fan_in=2 * x[0])
        bias = self.array(weight.shape[1] * groups) / 4
        padding = tuple((-int(self.rng.integers(0, 2)), 0) for _ in range(axes))
        fields = {"stride": self.ints(axes, 1, 2), "dilation": self.ints(axes, 1, 2), "padding": padding}
        name = self.name("transpose")
        return self.put(
            op.ConvTranspose(name=name, inputs=(source,), weight=weight, bias=bias, groups=groups, **fields)
        )

    def _pool(self, kind, source, **fields):
        x = self.shapes[source]
        if len(x) < 2 or min(x[1:]) < 2:
            return None
        size = self.ints(len(x) - 1, 1, 2)
        fields |= {"size": size, "stride": self.ints(len(size), 1, 2), "padding": self.pairs([n - 1 for n in size])}
        return self.put(kind(name=self.name("pool"), inputs=(source,), **fields))

    def _maxpool(self, source, ends):
        return self._pool(op.MaxPool, source)

    def _avgpool(self, source, ends):
        return self._pool(op.AvgPool, source, divisor=str(self.rng.choice(["inside", "padded"])))

    def _pad(self, source, ends):
        x = self.shapes[source]
        if len(x) < 2:
            return None
        return self.put(op.Pad(name=self.name("pad"), inputs=(source,), padding=self.pairs([1] * (len(x) - 1))))

    def _upsample(self, source, ends):
        x = self.shapes[source]
        if len(x) < 2 or max(x[1:]) > 5:
            return None
        factors = self.ints(len(x) - 1, 1, 2)
        return self.put(op.Upsample(name=self.name("upsample"), inputs=(source,), factors=factors))

    def _relu(self, source, ends):
        maximum = float(self.rng.uniform(0.3, 2)) if self.rng.random() < 0.2 else None
        return self.put(relu(self.name("relu"), source, maximum))

    def _linear(self, source, ends):
        return self.put(op.Activation(name=self.name("linear"), inputs=(source,), function="linear"))

    def _batchnorm(self, source, ends):
        channels = self.shapes[source][0]
        scale, shift = self.array(channels), self.array(channels) / 2
        return self.put(op.BatchNorm(name=self.name("norm"), inputs=(source,), scale=scale, shift=shift))

    def _affine(self, source, ends):
        shape = self.shapes[source]
        sizes = [shape if self.rng.random() < 0.5 else shape[:1] for _ in range(2)]
        scale, shift = (self.array(*size) / 2 for size in sizes)
        return self.put(op.Affine(name=self.name("affine"), inputs=(source,), scale=scale, shift=shift))

    def _permute(self, source, ends):
        axes = tuple(int(axis) for axis in self.rng.permutation(len(self.shapes[source])))
        return self.put(op.Permute(name=self.name("permute"), inputs=(source,), axes=axes))

    def _flatten(self, source, ends):
        if len(self.shapes[source]) == 1:
            return None
        return self.put(op.Flatten(name=self.name("flatten"), inputs=(source,)))

    def _reshape(self, source, ends):
        x = self.shapes[source]
        return self.put(op.Reshape(name=self.name("reshape"), inputs=(source,), shape=(x[-1], math.prod(x[:-1]))))

    def _again(self, source, ends):
        """Read an inner layer a second time."""
        ends.append(self.layers[int(self.rng.integers(len(self.layers)))].name)

    def _add(self, source, ends):
        others = [name for name in ends if self.shapes[name] == self.shapes[source]]
        factors = self.array(len(others)) + 1
        if self.rng.random() < 0.3:
            factors = self.array(len(others), self.shapes[source][0]) + 1
        ends[:] = [name for name in ends if name not in others or name == source]
        return self.put(op.Add(name=self.name("add"), inputs=tuple(others), factors=factors.astype(np.float32)))

    def _concat(self, source, ends):
        axis = int(self.rng.integers(len(self.shapes[source])))

        def outside(name):
            x = self.shapes[name]
            return (len(x), *x[:axis], *x[axis + 1 :])

        others = [name for name in ends if outside(name) == outside(source)]
        ends[:] = [name for name in ends if name not in others or name == source]
        return self.put(op.Concat(name=self.name("concat"), inputs=tuple(others), axis=axis))

    def _fire(self, source, ends):
        shape = self.shapes[source] if self.rng.random() < 0.5 else ()
        initial = np.abs(self.array(*shape)) / 4 if shape else np.float32(0.5) * np.ones((), np.float32)
        reset = str(self.rng.choice(["subtract", "zero", "modulo"]))
        fields = {"threshold": float(self.rng.uniform(0.5, 2)), "leak": float(self.rng.random())}
        fire = neurons.IntegrateFire(
            name=self.name("fire"), inputs=(source,), initial=initial, reset=reset, refractory_ms=2.0, **fields
        )
        return self.put(fire)
