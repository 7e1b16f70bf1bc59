"""What MegaSim's neurons and integers cannot do, found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from snn import layers as op
from snn.clock import Clock
from snn.connections import is_node
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
from snn.simulating import Problem

from .integers import LARGEST
from .plan import Plan
from .ways import way

_SLACK = 1e-9  # 1.1 / 0.1 must be 11 steps


def fields(network: Network, clock: Clock, program: str) -> tuple[Problem, ...]:
    """Return the fields of layers, and the places of layers, that have no counterpart in the files.

    With a ``program`` there is only what MegaSim itself has.
    """
    return tuple(_found(network, clock, bool(program)))


def problems(plan: Plan) -> tuple[Problem, ...]:
    """Return the layers whose potentials could leave 32 bits."""
    found = []
    for name, cells in plan.cells.items():
        reached = cells.start + cells.most * plan.steps
        if reached > LARGEST:
            found.append(
                Problem(
                    name,
                    f"its potentials could come to {reached:,} in {plan.steps} steps, from {cells.most:,} a step, and "
                    f"MegaSim's integers go up to {LARGEST:,}",
                    "choose a smaller backend.megasim.scaling_factor, or fewer steps",
                )
            )
    return tuple(found)


def _found(network: Network, clock: Clock, closed: bool) -> Iterator[Problem]:
    if not isinstance(network.output, Neuron):
        yield Problem(network.output.name, "the output is no neuron", "convert the network to a spike code first")
    for layer in network.layers:
        yield from _of_neurons(layer, network, clock)
        if isinstance(layer, op.MaxPool) and not is_node(network[layer.inputs[0]]):
            message = "backend 'megasim' takes the largest of spikes, not of sums of them"
            hint = "put the max-pool right behind an activation, train with average pools, or use backend inisim"
            yield Problem(layer.name, message, hint)
        if closed and isinstance(layer, op.MaxPool):
            message = "MegaSim's program has no max-pool; the engine of this backend has one"
            yield Problem(layer.name, message, "leave backend.megasim.program away, or train with average pools")
        if closed and isinstance(layer, Accumulate):
            message = "MegaSim's program writes spikes, no potentials"
            yield Problem(layer.name, message, "convert the model with --set convert.readout=spikes")


def _of_neurons(layer: Layer, network: Network, clock: Clock) -> Iterator[Problem]:
    if isinstance(layer, IntegrateFire):
        if layer.reset == "modulo":
            message = "its neurons are reset by modulo; MegaSim's by subtraction or to zero"
            yield Problem(layer.name, message, "convert the model with --set convert.reset=subtract")
        if layer.leak:
            message = "its neurons leak by what a step takes, which MegaSim's do not"
            yield Problem(layer.name, message, "convert the model with --set convert.leak=0")
        if layer.refractory_ms > clock.dt_ms * (1 + _SLACK):
            message = (
                f"its neurons lose what comes in {layer.refractory_ms:g} ms behind a spike; MegaSim's keep it, and "
                "only do not fire"
            )
            yield Problem(layer.name, message, "convert the model with --set convert.refractory_ms=0")
    if isinstance(layer, Accumulate) and layer is not network.output:
        yield Problem(layer.name, "backend 'megasim' reads potentials at the output only")
    if isinstance(layer, SoftmaxFire) and (layer is not network.output or len(network.shapes[layer.name]) != 1):
        yield Problem(layer.name, "MegaSim's softmax is at the end of a network, behind a dense layer")
    if isinstance(layer, Neuron) and not way(network, layer).sources:
        yield Problem(layer.name, "nothing reaches its neurons")
