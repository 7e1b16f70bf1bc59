"""Synapses through PyNN's own connectors, which every simulator that PyNN drives has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from snn.processes.serving import Report

from .plan import Plan, Synapses

_DENSE = 0.25  # share of all pairs from which on an array of all of them is smaller than a list of four columns


Told: TypeAlias = Callable[[float], None]
"""Is told the share that is done."""


def parts(plan: Plan, report: Report) -> Iterator[tuple[Synapses, Told]]:
    """Yield the synapses of each way, and what is to be told while they are made."""
    done, total = 0, max(1, sum(len(synapses.pre) for synapses in plan.synapses))
    for synapses in plan.synapses:
        before, own = done, len(synapses.pre)

        def told(share: float, before: int = before, own: int = own) -> None:
            report("build", before + int(share * own), total)

        yield synapses, told
        done += own
        told(1.0)


def project(
    pynn: Any,
    synapses: Synapses,
    populations: Mapping[str, Any],
    told: Told,
    *,
    factor: float = 1.0,
    earlier: float = 0.0,
) -> None:
    """Make the synapses: a projection for the weights above zero and one for those below, as PyNN wants them apart.

    Parameters
    ----------
    pynn : module
        A simulator of PyNN's.
    synapses : Synapses
    populations : mapping of name to pyNN.Population
    told : Told
    factor : float
        What PyNN's weights are for one of ours.
    earlier : float
        What is taken off the delays, in milliseconds.
    """
    source, target = populations[synapses.source], populations[synapses.target]
    halves = (("excitatory", synapses.weight > 0, 0.0), ("inhibitory", synapses.weight < 0, 0.5))
    for receptor, chosen, done in halves:
        if not chosen.any():
            continue
        pre, post = synapses.pre[chosen], synapses.post[chosen]
        weight = factor * synapses.weight[chosen].astype(np.float64)
        delay = synapses.delay - earlier
        if len(pre) >= _DENSE * source.size * target.size:
            there = np.zeros((source.size, target.size), bool)
            weights = np.zeros((source.size, target.size))
            there[pre, post], weights[pre, post] = True, weight
            connector = pynn.ArrayConnector(there, callback=lambda share, start=done: told(start + share / 2))
            kind = pynn.StaticSynapse(weight=weights, delay=delay)
        else:
            rows = np.column_stack([pre, post, weight])
            connector = pynn.FromListConnector(rows, column_names=["weight"])
            kind = pynn.StaticSynapse(delay=delay)
        pynn.Projection(source, target, connector, synapse_type=kind, receptor_type=receptor)
