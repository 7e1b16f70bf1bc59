"""What a run shows beside classes: how well each layer keeps the analog activations, where that is lost, what it costs.

From the spikes of one batch to the measures of a layer: `worth` (what spikes stand for), `ideal` (what a neuron could
give at best), `references` (the analog activations), `error_budget`, `correlation`, `gathering` (sums over batches),
`layer` (what comes out). Beside them `intervals`, `energy` and `advice`.
"""
