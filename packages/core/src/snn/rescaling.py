"""Express a network's values in other units, exactly: the arithmetic of weight normalisation.

Every layer's output is divided by a scale, one number or one a channel.  Weights take up what lies between the scale
of their input and that of their output (W <- W * s_in / s_out, b <- b / s_out; Rueckauer et al. 2017, eq. 7), sums
take it up in their factors, a softmax in its gain; where nothing can take it up, an `Affine` layer is put in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from . import analog
from . import layers as op
from .network import Layer, Network

Scale = npt.NDArray[np.float64]
"""What a layer's values are divided by: () for one number, (channels,), or (*shape)."""

_ONE = np.ones(())
_SAME_CHANNELS = (op.MaxPool, op.AvgPool, op.Pad, op.Upsample)
_WIRING = (op.Flatten, op.Reshape, op.Permute)
_WEIGHTS = (op.Dense, op.Conv, op.ConvTranspose)


def rescale(network: Network, scales: Mapping[str, Scale]) -> tuple[Layer, ...]:
    """Return the layers of ``network`` with other units.

    Parameters
    ----------
    network : Network
        Simplified.
    scales : mapping of layer name to Scale, () or (channels,)
        For a ``relu``, what its output is divided by; for a softmax or the output layer, what enters it.
    """
    return _Rescaler(network, scales).layers()


class _Rescaler:
    def __init__(self, network: Network, scales: Mapping[str, Scale]) -> None:
        self.network, self.scales = network, scales
        self.given: dict[str, Scale] = {}  # the scale of each layer's output
        self.done: list[Layer] = []
        self.wanted = self._wanted()

    def layers(self) -> tuple[Layer, ...]:
        for layer in self.network.layers:
            changed, scale = self._change(layer)
            self.done.append(changed)
            self.given[layer.name] = scale
        last = self.network.output
        if np.unique(self.given[last.name]).size > 1:  # classes are compared with each other
            self._insert(last, last.name, np.asarray(self.given[last.name].max()))
        return tuple(self.done)

    def _wanted(self) -> Mapping[str, Scale | None]:
        """Return the scale that the readers of each layer's output would have, where they agree on one."""
        wanted: dict[str, Scale | None] = {}
        for layer in reversed(self.network.layers):
            asked = [self._asks(reader, wanted) for reader in self.network.readers(layer.name)]
            if layer.name in self.scales and not isinstance(layer, op.Activation):
                asked.append(self.scales[layer.name])
            known = [scale for scale in asked if scale is not None]
            wanted[layer.name] = known[0] if known and all(np.array_equal(known[0], s) for s in known) else None
        return wanted

    def _asks(self, reader: Layer, wanted: Mapping[str, Scale | None]) -> Scale | None:
        if isinstance(reader, op.Activation):
            return self.scales.get(reader.name)
        if isinstance(reader, (*_SAME_CHANNELS, op.Add)):
            return wanted[reader.name]
        scale = wanted[reader.name] if isinstance(reader, (*_WIRING, op.Concat)) else None
        return scale if scale is not None and scale.ndim == 0 else None

    def _change(self, layer: Layer) -> tuple[Layer, Scale]:  # noqa: PLR0911  one line a family
        into = [self.given[name] for name in layer.inputs]
        wanted = self.wanted[layer.name]
        match layer:
            case op.Input():
                return layer, _ONE
            case op.Dense() | op.Conv() | op.ConvTranspose():
                return self._weights(layer, wanted if wanted is not None else _ONE)
            case op.Affine() | op.BatchNorm():
                return self._affine(layer, wanted)
            case op.Add():
                return self._add(layer, wanted)
            case op.Activation():
                return self._activation(layer)
            case op.Concat():
                return self._concat(layer)
            case _ if isinstance(layer, _WIRING):
                shape = self.network.shapes[layer.inputs[0]]
                return layer, into[0] if into[0].ndim == 0 else _wire(layer, into[0], shape)
            case _ if isinstance(layer, _SAME_CHANNELS):
                return self._brought(layer, into[0] if into[0].ndim < 2 else _ONE)
        message = f"a {layer.kind} cannot be rescaled"
        raise TypeError(message)

    def _weights(self, layer: op.Dense | op.Conv | op.ConvTranspose, out: Scale) -> tuple[Layer, Scale]:
        into = self.given[layer.inputs[0]]
        brought, into = self._brought(layer, into if into.ndim < 2 else _ONE)
        weight = layer.weight.astype(np.float64)
        trailing = [1] * (weight.ndim - 2)
        if isinstance(layer, op.ConvTranspose):
            factor = _channels(into, weight.shape[0]).reshape(layer.groups, -1, 1, *trailing)
            factor = factor / _channels(out, len(layer.bias)).reshape(layer.groups, 1, -1, *trailing)
            weight = (weight.reshape(layer.groups, -1, *weight.shape[1:]) * factor).reshape(weight.shape)
        else:
            groups = layer.groups if isinstance(layer, op.Conv) else 1
            per_input = _channels(into, weight.shape[1] * groups).reshape(groups, 1, -1)
            per_output = _channels(out, len(layer.bias)).reshape(groups, -1, 1)
            weight = weight * (per_input / per_output).reshape(*weight.shape[:2], *trailing)
        bias = layer.bias / _channels(out, len(layer.bias))
        changed = dataclasses.replace(
            brought,
            weight=weight.astype(np.float32),
            bias=bias.astype(np.float32),  # type: ignore[call-arg]
        )
        return changed, out

    def _affine(self, layer: op.Affine | op.BatchNorm, wanted: Scale | None) -> tuple[Layer, Scale]:
        into = self.given[layer.inputs[0]]
        out = wanted if wanted is not None else into
        shape = self.network.shapes[layer.name]
        scale = _spread(layer.scale, shape) * _spread(into, shape) / _spread(out, shape)
        shift = _spread(layer.shift, shape) / _spread(out, shape)
        if all(values.ndim < 2 for values in (layer.scale, layer.shift, into, out)):
            scale, shift = (values.reshape(shape[0], -1)[:, 0] for values in (scale, shift))
        changed = op.Affine(
            name=layer.name, inputs=layer.inputs, scale=scale.astype(np.float32), shift=shift.astype(np.float32)
        )
        return changed, out

    def _add(self, layer: op.Add, wanted: Scale | None) -> tuple[Layer, Scale]:
        into = [self.given[name] for name in layer.inputs]
        inputs = tuple(
            name if scale.ndim < 2 else self._insert(layer, name, _ONE)
            for name, scale in zip(layer.inputs, into, strict=True)
        )
        into = [scale if scale.ndim < 2 else _ONE for scale in into]
        out = wanted if wanted is not None else np.asarray(max(float(scale.max()) for scale in into))
        channels = self.network.shapes[layer.name][0]
        given = layer.factors.astype(np.float64)
        if all(values.ndim == 0 for values in (*into, out)) and given.ndim == 1:
            factors = given * np.array([float(scale) for scale in into]) / float(out)
        else:
            per_channel = np.broadcast_to(given.reshape(len(into), -1), (len(into), channels))
            factors = per_channel * np.stack([_channels(scale, channels) for scale in into]) / _channels(out, channels)
        return dataclasses.replace(layer, inputs=inputs, factors=factors.astype(np.float32)), out

    def _activation(self, layer: op.Activation) -> tuple[Layer, Scale]:
        into = self.given[layer.inputs[0]]
        if layer.function == "linear":
            return layer, into
        if layer.function == "softmax":
            into = into if into.ndim == 0 else np.asarray(float(into.max()))
            brought, _ = self._brought(layer, into)
            return dataclasses.replace(brought, gain=layer.gain * float(into)), _ONE  # type: ignore[call-arg]
        out = self.scales.get(layer.name, _ONE) if layer.function == "relu" else _ONE
        brought, _ = self._brought(layer, out)
        if layer.maximum is not None:
            brought = dataclasses.replace(brought, maximum=layer.maximum / float(out))  # type: ignore[call-arg]
        return brought, out

    def _concat(self, layer: op.Concat) -> tuple[Layer, Scale]:
        into = [self.given[name] for name in layer.inputs]
        if all(scale.ndim == 0 and scale == into[0] for scale in into):
            return layer, into[0]
        shapes = self.network.input_shapes(layer)
        if layer.axis == 0 and all(scale.ndim < 2 for scale in into):
            parts = [_channels(scale, shape[0]) for scale, shape in zip(into, shapes, strict=True)]
            return layer, np.concatenate(parts)
        full = [_spread(scale, shape) for scale, shape in zip(into, shapes, strict=True)]
        return layer, np.concatenate(full, axis=layer.axis)

    def _brought(self, layer: Layer, scale: Scale) -> tuple[Layer, Scale]:
        """Return ``layer`` reading its input in units of ``scale``."""
        (source,) = layer.inputs
        given, shape = self.given[source], self.network.shapes[source]
        if np.array_equal(_spread(given, shape), _spread(scale, shape)):
            return layer, scale
        return dataclasses.replace(layer, inputs=(self._insert(layer, source, scale),)), scale

    def _insert(self, layer: Layer, source: str, scale: Scale) -> str:
        """Put an Affine between ``source`` and ``layer`` that brings the values to ``scale``; return its name."""
        given, shape = self.given[source], self.network.shapes[source]
        factor = _spread(given, shape) / _spread(scale, shape)
        if given.ndim < 2 and scale.ndim < 2:
            factor = factor.reshape(shape[0], -1)[:, 0]
        name = f"{layer.name}/scale"
        while name in self.network or any(done.name == name for done in self.done):
            name += "_"
        zero = np.zeros(factor.shape, np.float32)
        self.done.append(op.Affine(name=name, inputs=(source,), scale=factor.astype(np.float32), shift=zero))
        return name


def _channels(scale: Scale, channels: int) -> Scale:
    return np.broadcast_to(scale, (channels,))


def _spread(values: npt.NDArray[np.floating], shape: tuple[int, ...]) -> Scale:
    """Return ``values`` as one an element."""
    if values.ndim == 1:
        values = values.reshape(-1, *[1] * (len(shape) - 1))
    return np.broadcast_to(values, shape).astype(np.float64)


def _wire(layer: Layer, scale: Scale, shape: tuple[int, ...]) -> Scale:
    wired: Scale = analog.apply(layer, _spread(scale, shape)[None])[0]  # type: ignore[arg-type]  # moves values only
    return wired
