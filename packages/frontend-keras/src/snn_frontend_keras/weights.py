"""Find the weights of every layer in a model file."""

from __future__ import annotations

import re
from collections.abc import Mapping

import h5py  # type: ignore[import-untyped]
from snn.hdf5 import Stored, datasets, guarded

from .archive import Archive
from .layers import weight_names
from .legacy_weights import legacy_weights
from .model import LayerConfig, Model, Path
from .weight import Weights


def find_weights(archive: Archive, model: Model) -> Weights:
    """Return, for the path of each layer that has weights, its arrays in Keras's order."""
    with guarded("the list of weights"):
        if archive.legacy:
            return legacy_weights(archive.root, model)
        found: dict[Path, list[Stored]] = {}
        _find(_tree(archive.root), model, found)
        return found


class _Group:
    """What a group in the file holds: the arrays of one layer, and groups of further layers."""

    def __init__(self) -> None:
        self.groups: dict[str, _Group] = {}
        self.arrays: dict[int, Stored] = {}
        self.label: str | None = None

    def holds(self) -> bool:
        return bool(self.arrays) or any(group.holds() for group in self.groups.values())


def _tree(root: h5py.Group) -> _Group:
    tree = _Group()
    for path, stored in datasets(root).items():
        *groups, variables, number = ["", "", *path.split("/")]
        if variables != "vars" or not re.fullmatch(r"[0-9]{1,6}", number):
            continue
        group = tree
        for name in groups[2:]:
            group = group.groups.setdefault(name, _Group())
        group.arrays[int(number)] = stored
        label = stored.dataset.parent.attrs.get("name")  # since Keras 3.10
        group.label = label if isinstance(label, str) else None
    return tree


def _find(group: _Group, model: Model, found: dict[Path, list[Stored]]) -> None:
    """Follow the way in which Keras names groups: by class and number, not by the layer's name."""
    containers = [group.groups[name] for name in ("layers", "_layer_checkpoint_dependencies") if name in group.groups]
    container = next((container for container in containers if container.holds()), _Group())
    kinds: dict[str, list[LayerConfig]] = {}
    for layer in model.layers:
        kinds.setdefault(_snake_case(layer.kind), []).append(layer)
    for kind, layers in kinds.items():
        if not any(_has_weights(layer) for layer in layers):
            continue
        for layer, own in _matched(kind, layers, container.groups).items():
            if layer.inner is not None:
                _find(own, layer.inner, found)
            else:
                found[layer.path] = [own.arrays[number] for number in sorted(own.arrays)]


def _matched(kind: str, layers: list[LayerConfig], groups: Mapping[str, _Group]) -> dict[LayerConfig, _Group]:
    """Return the groups of the layers of one class."""
    wanted = [layer for layer in layers if _has_weights(layer)]
    numbered = {kind if number == 0 else f"{kind}_{number}": layer for number, layer in enumerate(layers)}
    plain = {layer: groups[name] for name, layer in numbered.items() if layer in wanted and name in groups}
    if len(plain) == len(wanted) and all(group.label in (None, layer.name) for layer, group in plain.items()):
        return plain
    pattern = re.compile(rf"{re.escape(kind)}(?:_([0-9]{{1,6}}))?")
    present = [
        (int(match[1] or 0), group)
        for name, group in groups.items()
        if (match := pattern.fullmatch(name)) and group.holds()
    ]
    labelled = {group.label: group for _, group in present if group.label is not None}
    if all(layer.name in labelled for layer in wanted):
        return {layer: labelled[layer.name] for layer in wanted}
    if len(present) != len(wanted):
        return {}  # the translation says which layer lacks its weights
    # Keras 2.12 counted every layer twice: the numbers have gaps, but their order is that of the layers.
    ordered = [group for _, group in sorted(present, key=lambda item: item[0])]
    return dict(zip(wanted, ordered, strict=True))


def _has_weights(layer: LayerConfig) -> bool:
    if layer.inner is not None:
        return any(weight_names(leaf) for leaf in layer.inner.leaves())
    return bool(weight_names(layer))


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
