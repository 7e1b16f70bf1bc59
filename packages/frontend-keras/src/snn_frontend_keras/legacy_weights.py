"""Find the weights of every layer in a whole-model HDF5 file, where an inner model has them all in one list."""

from __future__ import annotations

import re
from collections.abc import Iterator

import h5py  # type: ignore[import-untyped]
from snn.errors import ParseError
from snn.hdf5 import Stored, open_child, texts_attribute

from .layers import frozen_names, weight_names
from .model import LayerConfig, Model, Path

_Slot = tuple[Path, str]  # a layer, and the name of one of its weights


def legacy_weights(root: h5py.Group, model: Model) -> dict[Path, list[Stored]]:
    """Return the arrays of each layer, in Keras's order."""
    found: dict[Path, list[Stored]] = {}
    for layer in model.layers:
        leaves = [layer] if layer.inner is None else list(layer.inner.leaves())
        if not any(weight_names(leaf) for leaf in leaves):
            continue
        arrays = _arrays(root, layer)
        if arrays is None:
            continue  # the translation says which layer lacks its weights
        if layer.inner is None:
            found[layer.path] = [stored for _, stored in arrays]
            continue
        slots = _order(layer.inner, arrays, layer)
        by_slot = {slot: stored for slot, (_, stored) in zip(slots, arrays, strict=True)}
        for leaf in leaves:
            if names := weight_names(leaf):
                found[leaf.path] = [by_slot[leaf.path, name] for name in names]
    return found


def _arrays(root: h5py.Group, layer: LayerConfig) -> list[tuple[str, Stored]] | None:
    group = _follow(root, layer.name)
    if not isinstance(group, h5py.Group):
        return None
    arrays = []
    for name in texts_attribute(group, "weight_names"):
        dataset = _follow(group, name)
        if not isinstance(dataset, h5py.Dataset):
            return None
        arrays.append((name, Stored(f"{layer.name}/{name}", dataset, tuple(dataset.shape or ()))))
    return arrays


def _follow(group: h5py.Group, path: str) -> h5py.HLObject | None:
    for part in path.split("/"):
        if not isinstance(group, h5py.Group) or not part or part not in group:
            return None
        group = open_child(group, part, path)
    return group


def _order(model: Model, arrays: list[tuple[str, Stored]], layer: LayerConfig) -> list[_Slot]:
    """Return which weight each array is.

    Keras writes first the weights that are trained, then the others.  What is trained depends on which layers were
    frozen, and older versions put frozen ones elsewhere, so the names in the file decide between the possible orders.
    """
    trained = [slot for slot, on in _slots(model, trainable=True) if on]
    others = [slot for slot, on in _slots(model, trainable=True) if not on]
    plain = [slot for slot, _ in _slots(model, trainable=True)]
    names = [_parts(name) for name, _ in arrays]
    possible = [order for order in (trained + others, plain, others + trained) if _fits(order, names)]
    if not possible:
        raise ParseError(
            f"{layer.where}: the {len(arrays)} arrays in the file are not the {len(plain)} weights of its layers",
            hint="save the model as model.save('model.keras'), which keeps the weights of each layer apart",
        )
    return max(possible, key=lambda order: _matches(order, names))


def _slots(model: Model, *, trainable: bool) -> Iterator[tuple[_Slot, bool]]:
    trainable = trainable and model.trainable
    for layer in model.layers:
        if layer.inner is not None:
            yield from _slots(layer.inner, trainable=trainable and layer.config.get("trainable") is not False)
        else:
            frozen = frozen_names(layer)
            on = trainable and layer.config.get("trainable") is not False
            yield from (((layer.path, name), on and name not in frozen) for name in weight_names(layer))


def _parts(name: str) -> list[str]:
    """Return ``outer/conv/kernel:0`` as its parts, without the output number and what TensorFlow 1 made unique."""
    parts = name.split(":", maxsplit=1)[0].split("/")
    return [*parts[:-1], re.sub(r"_[0-9]+$", "", parts[-1])]


def _fits(order: list[_Slot], names: list[list[str]]) -> bool:
    if len(order) != len(names):
        return False
    known = {name for _, name in order}
    return all(parts[-1] == name or parts[-1] not in known for (_, name), parts in zip(order, names, strict=True))


def _matches(order: list[_Slot], names: list[list[str]]) -> int:
    return sum(path[-1] in parts[:-1] for (path, _), parts in zip(order, names, strict=True))
