"""Estimate the energy of a sample: what is counted times what one of it costs, with the assumptions beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

_PICOJOULE = 1e-12
_REFERENCE_BITS = 8  # the width whose integer costs the settings give


@dataclass(frozen=True)
class EnergySettings:
    """What operations cost, in picojoules; defaults: 45 nm, 0.9 V (Horowitz 2014, table of slide 33)."""

    addition_pj: Annotated[float, Meta(ge=0, description="A 32-bit floating-point addition: a synaptic operation.")] = (
        0.9
    )
    multiply_add_pj: Annotated[
        float, Meta(ge=0, description="A 32-bit floating-point multiplication (3.7) and addition (0.9).")
    ] = 4.6
    neuron_update_pj: Annotated[
        float, Meta(ge=0, description="Bring one neuron one step further: an addition and a comparison.")
    ] = 1.8
    memory_access_pj: Annotated[
        float, Meta(ge=0, description="Read or write 32 bits in a memory of 8 kB next to the arithmetic.")
    ] = 5.0
    integer_multiply_pj: Annotated[
        float, Meta(ge=0, description="An 8-bit integer multiplication; grows with the square of the bits.")
    ] = 0.2
    integer_addition_pj: Annotated[float, Meta(ge=0, description="An 8-bit integer addition; grows with the bits.")] = (
        0.03
    )


@dataclass(frozen=True)
class Work:
    """What a sample takes, on average.

    Attributes
    ----------
    synaptic : float
        Synaptic operations, and multiply-adds of layers that a constant input passes once.
    once : float
        Of those, the multiply-adds.
    updates : float
        Neurons times steps.
    multiply_adds : int or None
        Of the analog network.
    analog_values : int or None
        Outputs of layers that the analog network writes.
    steps : int
    """

    synaptic: float
    once: float
    updates: float
    multiply_adds: int | None
    analog_values: int | None
    steps: int


@dataclass(frozen=True)
class Estimate:
    """One way to estimate the energy of a sample, in joules.

    Attributes
    ----------
    name : str
    spiking : float
    analog : float or None
    assumes : str
        In plain words, with the figures.
    """

    name: str
    spiking: float
    analog: float | None
    assumes: str


def estimates(work: Work, costs: EnergySettings) -> tuple[Estimate, ...]:
    """Return three estimates: operations only, with memory traffic, and against a quantised analog network.

    None of them is a measurement; they differ because they count different things, which is why they stand side by
    side. The second is what a processor with a memory beside it would need; the third compares with what the spiking
    network stands for: activations of as many levels as it has steps.
    """
    spikes = work.synaptic - work.once
    operations = _PICOJOULE * (
        spikes * costs.addition_pj + work.once * costs.multiply_add_pj + work.updates * costs.neuron_update_pj
    )
    # a synaptic operation reads a weight, and reads and writes a potential; an update reads and writes one
    traffic = _PICOJOULE * costs.memory_access_pj * (3 * spikes + 2 * work.once + 2 * work.updates)
    bits = max(1, math.ceil(math.log2(work.steps + 1)))
    analog = analog_traffic = quantised = None
    if work.multiply_adds is not None:
        analog = _PICOJOULE * work.multiply_adds * costs.multiply_add_pj
        # a multiply-add reads a weight and an activation; each value is written once
        analog_traffic = _PICOJOULE * costs.memory_access_pj * (2 * work.multiply_adds + (work.analog_values or 0))
        one = costs.integer_multiply_pj * (bits / _REFERENCE_BITS) ** 2
        one += costs.integer_addition_pj * 2 * bits / _REFERENCE_BITS
        shorter = bits / 32
        quantised = _PICOJOULE * work.multiply_adds * one + analog_traffic * shorter
    return (
        Estimate(
            "operations only",
            operations,
            analog,
            f"{costs.addition_pj:g} pJ a synaptic operation, {costs.neuron_update_pj:g} pJ an update of a neuron, "
            f"{costs.multiply_add_pj:g} pJ a multiply-add; memory is free",
        ),
        Estimate(
            "with memory traffic",
            operations + traffic,
            None if analog is None or analog_traffic is None else analog + analog_traffic,
            f"as above, and {costs.memory_access_pj:g} pJ for each 32 bits read or written: 3 a synaptic operation, "
            "2 an update, 2 a multiply-add and 1 an activation; no cache, no reuse",
        ),
        Estimate(
            f"against {bits}-bit analog",
            operations + traffic,
            quantised,
            f"the analog network in integers of {bits} bits, the resolution of {work.steps} steps: multiplications "
            f"of {costs.integer_multiply_pj:g} pJ × (bits / 8)², additions of {costs.integer_addition_pj:g} pJ × bits "
            "/ 4 (sums are twice as long), and as much less memory traffic; the spiking network as above",
        ),
    )
