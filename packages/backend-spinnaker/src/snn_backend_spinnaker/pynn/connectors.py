"""Synapses through PyNN's own connectors, which every simulator that PyNN drives has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .plan import Synapses

_DENSE = 0.5  # share of all pairs from which on an array of all of them is smaller than a list of four columns


def project(
    pynn: Any, synapses: Synapses, populations: Mapping[str, Any], *, factor: float = 1.0, earlier: float = 0.0
) -> None:
    """Make the synapses: a projection for the weights above zero and one for those below, as PyNN wants them apart.

    Parameters
    ----------
    pynn : module
        A simulator of PyNN's.
    synapses : Synapses
    populations : mapping of name to pyNN.Population
    factor : float
        What PyNN's weights are for one of ours.
    earlier : float
        What is taken off the delays, in milliseconds.
    """
    source, target = populations[synapses.source], populations[synapses.target]
    for receptor, chosen in (("excitatory", synapses.weight > 0), ("inhibitory", synapses.weight < 0)):
        if not chosen.any():
            continue
        pre, post = synapses.pre[chosen], synapses.post[chosen]
        weight = factor * synapses.weight[chosen].astype(np.float64)
        delay = synapses.delay - earlier
        if len(pre) >= _DENSE * source.size * target.size:
            there = np.zeros((source.size, target.size), bool)
            weights = np.zeros((source.size, target.size))
            there[pre, post], weights[pre, post] = True, weight
            connector, kind = pynn.ArrayConnector(there), pynn.StaticSynapse(weight=weights, delay=delay)
        else:
            rows = np.column_stack([pre, post, weight])
            connector = pynn.FromListConnector(rows, column_names=["weight"])
            kind = pynn.StaticSynapse(delay=delay)
        pynn.Projection(source, target, connector, synapse_type=kind, receptor_type=receptor)
