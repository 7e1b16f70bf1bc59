"""What to do about a layer that does not keep the analog activations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .layer import LayerMeasures

LIMIT = 0.95
"""The correlation under which a layer is spoken of."""

_STEPS = "give more steps (simulate.duration_ms)"
_START = "start at half the threshold (convert.initial = 0.5)"
_PERCENTILE = "normaliser.percentile.percentile"
_CHANNEL = "normaliser.percentile.per_channel = true"
_LOWER = f"a lower {_PERCENTILE} or {_CHANNEL}"

_CAUSES = {
    "inherited": "what it gets is wrong already: begin with the layers before it",
    "clipping": "its largest activations are cut off",
    "quantisation": "it cannot tell its activations apart",
    "unevenness": "spikes come at other times than a constant current would ask for",
}

_REMEDIES = {
    "rate": {
        "clipping": f"choose a higher {_PERCENTILE}, or {_CHANNEL}",
        "quantisation": f"{_STEPS}, {_LOWER}, or {_START}",
        "unevenness": f"{_STEPS}, or {_START}",
    },
    "window": {
        "clipping": f"choose a higher {_PERCENTILE}, or {_CHANNEL}",
        "quantisation": f"give more levels (convert.bits, convert.planes or convert.bins), or {_LOWER}",
    },
    "first spike": {
        "clipping": f"choose shorter steps (simulate.dt_ms), or a higher {_PERCENTILE}",
        "quantisation": f"{_STEPS}, shorter ones (simulate.dt_ms), or {_LOWER}",
        "unevenness": "choose a higher convert.threshold with a longer duration, code ttfs_exact, or code rate",
    },
}
_GENERAL = f"try a higher {_PERCENTILE}, {_CHANNEL}, more steps (simulate.duration_ms) or convert.initial = 0.5"
_FAMILIES = {
    "BitPattern": "window",
    "FewSpike": "window",
    "WindowFirstSpike": "window",
    "FirstSpike": "first spike",
    "DynamicFirstSpike": "first spike",
    "CorrectiveFirstSpike": "first spike",
}
"""Of kinds of neurons that do not fire at a rate."""


@dataclass(frozen=True)
class Advice:
    """The first layer that does not keep the analog activations, and what to try.

    Attributes
    ----------
    layer : str
    correlation : float
    cause : str
        The part of the error budget that adds most to the deviation; empty where there is none.
    text : str
        One sentence for people.
    """

    layer: str
    correlation: float
    cause: str
    text: str


def advise(layers: Iterable[LayerMeasures], limit: float = LIMIT) -> Advice | None:
    """Return advice on the first of ``layers`` whose correlation is under ``limit``; None where there is none."""
    for layer in layers:
        if layer.correlation is None or layer.correlation >= limit:
            continue
        told = f"layer {layer.name!r} is the first whose correlation with the analog network is under {limit:g}"
        cause = _cause(layer)
        return Advice(
            layer.name, layer.correlation, cause, f"{told} ({layer.correlation:.3f}); {_remedy(layer, cause)}"
        )
    return None


def _cause(layer: LayerMeasures) -> str:
    """Return the part of the budget that adds most to the deviation; empty where there is none."""
    budget = layer.budget or {}
    return max(budget, key=lambda part: budget[part].share, default="")


def _remedy(layer: LayerMeasures, cause: str) -> str:
    remedies = _REMEDIES[_FAMILIES.get(layer.kind, "rate")]
    return ": ".join(part for part in (_CAUSES.get(cause, ""), remedies.get(cause, "")) if part) or _GENERAL
