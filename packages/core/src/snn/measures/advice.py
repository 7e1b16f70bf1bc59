"""What to do about a layer that does not keep the analog activations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .layer import LayerMeasures

LIMIT = 0.95
"""The correlation under which a layer is spoken of."""

_WHAT = {
    "clipping": "its largest activations are cut off: choose a higher normaliser.percentile.percentile, or "
    "normaliser.percentile.per_channel = true",
    "quantisation": "it fires too few spikes to tell its activations apart: give more steps (simulate.duration_ms), "
    "a lower normaliser.percentile.percentile or normaliser.percentile.per_channel = true, or start at half the "
    "threshold (convert.initial = 0.5)",
    "unevenness": "spikes come at other times than a constant current would: give more steps (simulate.duration_ms), "
    "or start at half the threshold (convert.initial = 0.5)",
    "inherited": "what it gets is wrong already: begin with the layers before it",
}


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
        cause = max(layer.budget, key=lambda part: layer.budget[part].share) if layer.budget else ""  # type: ignore[index]
        more = _WHAT.get(cause, "try a higher percentile, scales per channel or more steps")
        told = f"layer {layer.name!r} is the first whose correlation with the analog network is under {limit:g}"
        return Advice(layer.name, layer.correlation, cause, f"{told} ({layer.correlation:.3f}); {more}")
    return None
