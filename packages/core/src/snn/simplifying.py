"""Rewrite a parsed network into fewer layers that compute the same, and prove it on samples.

Affine layers (BatchNorm, Rescaling) are folded into the weights before or after them, only where that is exact;
what is left of them becomes `Affine`.  Layers that do nothing are dropped.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np

from . import analog
from . import layers as op
from .draft import Draft
from .errors import ConversionError
from .network import Array, Layer, Network
from .randomness import uniform

TOLERANCE = 1e-4  # of the range of each layer's outputs
PROBES = 16  # samples of noise, beside those given, on which the proof is made
_WEIGHTS = (op.Dense, op.Conv, op.ConvTranspose)
_AFFINE = (op.Affine, op.BatchNorm)
_WIRING = (op.Flatten, op.Reshape, op.Permute)


def simplify(network: Network, samples: Array | None = None) -> Network:
    """Return a network with the same outputs and fewer layers.

    The result is compared with ``network`` layer by layer on ``samples`` (batch, *shape), and on noise between 0 and 1.

    Raises
    ------
    ConversionError
        An output differs by more than 1e-4 of its layer's range; the message names the first such layer.
    """
    draft = Draft(network)
    while _sweep(draft):
        pass
    for layer in list(draft.layers.values()):
        if isinstance(layer, op.BatchNorm):
            draft.put(op.Affine(name=layer.name, inputs=layer.inputs, scale=layer.scale, shift=layer.shift))
            draft.notes.append(f"kept {layer.name!r} as an affine layer: it cannot be folded into weights exactly")
    simplified = dataclasses.replace(draft.finish(), stage="simplified", analog={**network.analog, "parsed": network})
    verify(network, simplified, draft.equals, probes(network, samples))
    return simplified


def probes(network: Network, samples: Array | None) -> Array:
    """Return the samples for a proof: noise from 0 to 1, (n, *shape), after those given."""
    shape = network.shapes[network.input.name]
    noise = uniform(0, 0, "probes", 0, PROBES, math.prod(shape)).reshape(PROBES, *shape)
    return noise if samples is None else np.concatenate([np.asarray(samples, np.float32), noise])


def verify(network: Network, rewritten: Network, equals: Mapping[str, str], samples: Array) -> None:
    """Raise ConversionError where a layer of ``rewritten`` differs from the one it ``equals``, on ``samples``."""
    wanted = analog.evaluate(network, samples, set(equals.values()))
    found = analog.evaluate(rewritten, samples, set(equals))
    for layer in rewritten.layers:
        if layer.name not in equals:
            continue
        right, given = wanted[equals[layer.name]], found[layer.name].reshape(wanted[equals[layer.name]].shape)
        spread = float(right.max() - right.min()) or float(np.abs(right).max()) or 1.0
        if not np.isfinite(right).all():
            raise ConversionError(
                f"layer {equals[layer.name]!r} of the parsed network gives values that are not finite numbers",
                hint="its weights are too large for float32 on samples like these",
            )
        difference = float(np.abs(right - given).max())
        if not difference <= TOLERANCE * spread:
            raise ConversionError(
                f"layer {layer.name!r} ({layer.kind}) of the simplified network differs from {equals[layer.name]!r} "
                f"of the parsed one by {difference:.3g}, which is {difference / spread:.2g} of its range",
                hint=f"{TOLERANCE:g} is allowed; this is a fault of the toolbox, or weights too large for float32: "
                "please report it with the model",
            )


def _sweep(draft: Draft) -> bool:
    """Apply every rule to every layer once, and return whether any changed anything."""
    changed = False
    for rule in _RULES:
        for name in list(draft.layers):
            changed |= name in draft.layers and rule(draft, draft.layers[name])
    return changed


# Rules: each changes one thing about one layer and returns whether it did.


def _drop_idle(draft: Draft, layer: Layer) -> bool:
    """Drop a layer that returns its input."""
    if len(layer.inputs) != 1 or not _idle(draft, layer):
        return False
    if not draft.readers(layer.name) and len(draft.readers(layer.inputs[0])) > 1:
        return False  # as the output it keeps the network's end apart from an inner layer
    if not draft.readers(layer.name) and isinstance(draft.layers[layer.inputs[0]], op.Input):
        return False
    draft.drop(layer.name, f"dropped {layer.name!r}, which changes nothing")
    return True


def _idle(draft: Draft, layer: Layer) -> bool:  # noqa: C901, PLR0911  one line a kind
    match layer:
        case op.Activation(function="linear"):
            return True
        case op.Activation(function="relu", maximum=maximum):
            before = draft.layers[layer.inputs[0]]
            limit = math.inf if maximum is None else maximum
            return (
                isinstance(before, op.Activation)
                and before.function == "relu"
                and (before.maximum or math.inf) <= limit
            )
        case op.Affine() | op.BatchNorm():
            return bool((layer.scale == 1).all() and (layer.shift == 0).all())
        case op.Add():
            return bool((layer.factors == 1).all())
        case op.Concat():
            return True
        case op.Pad():
            return all(pair == (0, 0) for pair in layer.padding)
        case op.Upsample() as up:
            return set(up.factors) == {1}
        case op.AvgPool() | op.MaxPool():
            return set(layer.size) == {1} and set(layer.stride) == {1}
        case op.Permute() as permute:
            return permute.axes == tuple(range(len(permute.axes)))
        case op.Flatten() | op.Reshape():
            shape = draft.shape(layer.inputs[0])
            return layer.output_shape((shape,)) == shape
    return False


def _merge_pad(draft: Draft, layer: Layer) -> bool:
    """Move padding into the convolutions that read it."""
    readers = draft.readers(layer.name)
    if not isinstance(layer, op.Pad) or not readers or not all(isinstance(reader, op.Conv) for reader in readers):
        return False
    for reader in readers:
        pairs = zip(layer.padding, reader.padding, strict=True)  # type: ignore[attr-defined]  # a Conv
        draft.update(reader.name, padding=tuple((a + c, b + d) for (a, b), (c, d) in pairs))
    draft.drop(layer.name, f"merged {layer.name!r} into the convolution after it")
    return True


def _fold_back(draft: Draft, layer: Layer) -> bool:
    """Fold an affine layer into the weights before it."""
    if not isinstance(layer, _AFFINE) or layer.scale.ndim != 1 or layer.shift.ndim != 1:
        return False
    before = draft.layers[layer.inputs[0]]
    if not _takes_affine(draft, before.name):
        return False
    _scale_output(draft, before, layer.scale, layer.shift)
    draft.drop(layer.name, f"folded {layer.name!r} into {before.name!r}")
    draft.equals[before.name] = layer.name
    return True


def _split_over_concat(draft: Draft, layer: Layer) -> bool:
    """Fold an affine layer after a Concat of channels into the branches, where each has weights of its own."""
    if not isinstance(layer, _AFFINE) or layer.scale.ndim != 1 or layer.shift.ndim != 1:
        return False
    concat = draft.layers[layer.inputs[0]]
    if not isinstance(concat, op.Concat) or concat.axis != 0 or not draft.sole_reader(concat.name):
        return False
    if not all(_takes_affine(draft, name) for name in concat.inputs):
        return False
    start = 0
    for name in concat.inputs:
        part = slice(start, start + draft.shape(name)[0])
        _scale_output(draft, draft.layers[name], layer.scale[part], layer.shift[part])
        draft.equals.pop(name, None)
        start = part.stop
    draft.drop(layer.name, f"folded {layer.name!r} into {', '.join(map(repr, concat.inputs))}")
    draft.equals[concat.name] = layer.name
    return True


def _fold_forward(draft: Draft, layer: Layer) -> bool:
    """Fold an affine layer into the weights of all its readers, through wiring and pools."""
    if not isinstance(layer, _AFFINE):
        return False
    scale, shift, name, passed = layer.scale, layer.shift, layer.name, []
    while isinstance(reader := draft.sole_reader(name), (*_WIRING, op.AvgPool)):
        if isinstance(reader, op.AvgPool):
            even = reader.divisor == "inside" or not any(map(sum, reader.padding))
            if not (even and scale.ndim == shift.ndim == 1):
                return False
        else:
            shape = draft.shape(name)
            scale, shift = (analog.apply(reader, _full(values, shape)[None])[0] for values in (scale, shift))
        name = reader.name
        passed.append(name)
    readers = draft.readers(name)
    if not readers or not all(_absorbs(reader, scale, shift) for reader in readers):
        return False
    for reader in readers:
        _scale_input(draft, reader, scale, shift)
    draft.drop(layer.name, f"folded {layer.name!r} into {', '.join(repr(reader.name) for reader in readers)}")
    for changed in passed:
        draft.equals.pop(changed, None)
    return True


def _merge_affine(draft: Draft, layer: Layer) -> bool:
    """Make one affine layer of two."""
    if not isinstance(layer, _AFFINE):
        return False
    after = draft.sole_reader(layer.name)
    if not isinstance(after, _AFFINE):
        return False
    shape = draft.shape(layer.name)
    one_a_channel = all(values.ndim == 1 for values in (layer.scale, layer.shift, after.scale, after.shift))
    first, second = (
        (x.scale, x.shift) if one_a_channel else (_full(x.scale, shape), _full(x.shift, shape)) for x in (layer, after)
    )
    scale, shift = first[0] * second[0], first[1] * second[0] + second[1]
    draft.put(op.Affine(name=after.name, inputs=after.inputs, scale=scale, shift=shift))
    draft.drop(layer.name, f"merged {layer.name!r} into {after.name!r}")
    return True


def _reorder_weights(draft: Draft, layer: Layer) -> bool:
    """Let a Dense layer read a map in its own order: drop the Permute before the Flatten."""
    if not isinstance(layer, op.Permute):
        return False
    flatten = draft.sole_reader(layer.name)
    if not isinstance(flatten, (op.Flatten, op.Reshape)) or len(draft.shape(flatten.name)) != 1:
        return False
    readers = draft.readers(flatten.name)
    if not readers or not all(isinstance(reader, op.Dense) for reader in readers):
        return False
    shape = draft.shape(layer.inputs[0])
    order = np.argsort(np.arange(math.prod(shape)).reshape(shape).transpose(layer.axes).ravel())
    for reader in readers:
        draft.update(reader.name, weight=reader.weight[:, order])  # type: ignore[attr-defined]  # a Dense
    draft.drop(layer.name, f"moved the axis order of {layer.name!r} into {', '.join(repr(r.name) for r in readers)}")
    draft.equals.pop(flatten.name, None)
    return True


_RULES: tuple[Callable[[Draft, Layer], bool], ...] = (
    _drop_idle,
    _merge_pad,
    _fold_back,
    _split_over_concat,
    _fold_forward,
    _merge_affine,
    _reorder_weights,
)


def _takes_affine(draft: Draft, name: str) -> bool:
    return isinstance(draft.layers[name], _WEIGHTS) and draft.sole_reader(name) is not None


def _scale_output(draft: Draft, layer: Layer, scale: Array, shift: Array) -> None:
    """Make ``layer`` give ``scale`` times its output, plus ``shift``, per channel."""
    weight, bias = layer.weight, layer.bias  # type: ignore[attr-defined]  # one of _WEIGHTS
    if isinstance(layer, op.ConvTranspose):
        per_group = scale.reshape(layer.groups, 1, -1, *[1] * (weight.ndim - 2))
        weight = (weight.reshape(layer.groups, -1, *weight.shape[1:]) * per_group).reshape(weight.shape)
    else:
        weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
    draft.update(layer.name, weight=weight, bias=bias * scale + shift)


def _absorbs(reader: Layer, scale: Array, shift: Array) -> bool:
    if scale.ndim != 1 or shift.ndim != 1:
        return False
    if isinstance(reader, op.Conv):  # padding is 0 after the shift, not before it
        return not any(map(sum, reader.padding)) or not shift.any()
    return isinstance(reader, op.Dense) or (isinstance(reader, op.ConvTranspose) and not shift.any())


def _scale_input(draft: Draft, layer: Layer, scale: Array, shift: Array) -> None:
    """Make ``layer`` give what it gave for ``scale * x + shift``, per channel of x."""
    weight, bias = layer.weight, layer.bias  # type: ignore[attr-defined]  # one of _WEIGHTS
    if isinstance(layer, op.ConvTranspose):
        draft.update(layer.name, weight=weight * scale.reshape(-1, *[1] * (weight.ndim - 1)))
        return
    groups = layer.groups if isinstance(layer, op.Conv) else 1
    rows = len(bias) // groups

    def per_input(values: Array) -> Array:
        return values.reshape(groups, -1).repeat(rows, axis=0).reshape(*weight.shape[:2], *[1] * (weight.ndim - 2))

    more = (weight * per_input(shift)).reshape(len(bias), -1).sum(axis=1, dtype=np.float64)
    draft.update(layer.name, weight=weight * per_input(scale), bias=(bias + more).astype(np.float32))


def _full(values: Array, shape: tuple[int, ...]) -> Array:
    """Return per-channel or per-element ``values`` as one value an element."""
    return np.broadcast_to(analog.per_element(values, len(shape) + 1), shape)
