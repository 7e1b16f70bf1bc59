"""Which layer does not keep the analog activations, and why: the error budget, correlations and a table."""

from __future__ import annotations

from snn.measures.advice import LIMIT
from snn.measures.layer import PARTS, LayerMeasures
from snn.result import Result

from ..amounts import correlation, count, small, whole
from ..charts.bars import Row, measured_bars, stacked_bars
from ..section import Section

WHAT = {
    "inherited": "What the layer gets is wrong already: look at the layers before it.",
    "clipping": "Its largest activations are cut off at the largest value a neuron can give.",
    "quantisation": "Spikes are whole, so that activations near each other cannot be told apart.",
    "unevenness": "Spikes come at other times than a constant current would ask for.",
}
_NO_LAYERS = "The run measured no layers: run it again with measure.layers = true."


def section(result: Result) -> Section:
    """Return how well each layer keeps the activations."""
    if not result.layers:
        return Section("layers", "Layers", "Layers", missing=_NO_LAYERS)
    compared = [layer for layer in result.layers if layer.compared]
    return Section(
        "layers",
        "Which layer loses accuracy",
        "Layers",
        {
            "budget": budget(result.layers),
            "correlations": correlations(result.layers),
            "parts": [(part, WHAT[part]) for part in PARTS],
            "layers": [cells(layer) for layer in result.layers],
            "compared": compared[0].compared if compared else 0,
            "samples": result.layers[0].samples,
            "unsplit": list(dict.fromkeys((layer.name, layer.unsplit) for layer in result.layers if layer.unsplit)),
            "limit": LIMIT,
        },
    )


def budget(layers: tuple[LayerMeasures, ...]) -> str:
    """Return the shares of the mean absolute deviation, a bar a layer."""
    known = [layer for layer in layers if layer.budget is not None and layer.deviation is not None]
    rows = []
    for layer in known:
        shares = {part: layer.budget[part].share for part in PARTS}  # type: ignore[index]  # not None by the line above
        rows.append(Row(layer.name, shares, small(sum(shares.values()))))
    if not rows:
        return ""
    described = "; ".join(f"{row.name}: {', '.join(f'{p} {small(v)}' for p, v in row.parts.items())}" for row in rows)
    return stacked_bars("Mean absolute deviation of each layer, in its parts", described, rows, small)


def correlations(layers: tuple[LayerMeasures, ...]) -> str:
    """Return Pearson's coefficients, a bar a layer."""
    rows = [
        (layer.name, layer.correlation, correlation(layer.correlation))
        for layer in layers
        if layer.correlation is not None
    ]
    if not rows:
        return ""
    described = "; ".join(f"{name}: {told}" for name, _, told in rows)
    return measured_bars("Correlation of each layer with the analog network", described, rows, LIMIT)


def cells(layer: LayerMeasures) -> dict[str, object]:
    """Return a row of the table."""
    shares = {} if layer.budget is None else {part: small(layer.budget[part].share) for part in PARTS}
    return {
        "name": layer.name,
        "kind": layer.kind,
        "neurons": whole(layer.neurons),
        "spikes": count(layer.spikes),
        "rate": "–" if layer.rate_hz is None else f"{layer.rate_hz:.3g}",
        "silent": whole(layer.silent),
        "lost": whole(layer.lost),
        "saturated": whole(layer.saturated),
        "correlation": correlation(layer.correlation),
        "poor": layer.correlation is not None and layer.correlation < LIMIT,
        "deviation": small(None if layer.deviation is None else layer.deviation.mean_absolute),
        "mean": small(None if layer.deviation is None else layer.deviation.mean),
        "parts": [(part, shares.get(part, "–")) for part in PARTS],
    }
