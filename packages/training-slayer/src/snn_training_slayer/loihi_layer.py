"""SLAYER's layers of Loihi's neurons, in integers, on tensors NCHWT."""

# arguments and names of the original
# ruff: noqa: N803, N815

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from torch import Tensor

from .current_based import Traces, fire, fire_full
from .kernels import causal, integer_kernel
from .neurons import CurrentBased, Simulation
from .quantising import quantize
from .spike_layer import Layers, scaled, time_first, time_last
from .synapses import POOL_GAIN, Hook


def even(weights: Tensor) -> Tensor:
    """Round to even integers, which are Loihi's signed weights."""
    return quantize(weights, step=2)


class LoihiLayer(Layers):
    """Layers of Loihi's neurons; weights are rounded to even integers unless a hook says otherwise.

    Parameters
    ----------
    neuron
        ``{type: LOIHI, vThMant, vDecay, iDecay, refDelay, wgtExp, tauRho, scaleRho}``
    simulation
        ``{Ts, tSample}``, in milliseconds.
    """

    dense_scale: ClassVar[float] = 100

    def __init__(self, neuron: Mapping[str, Any], simulation: Mapping[str, Any]) -> None:
        made = CurrentBased.from_dictionary(neuron)
        most = float(integer_kernel(made, Simulation.from_dictionary(simulation).steps).max())
        super().__init__(simulation, 2 * round(POOL_GAIN * made.level / most / 2))
        self.neuron = made

    def usual_hook(self) -> Hook | None:
        return even

    def kernel(self) -> Tensor:
        values = integer_kernel(self.neuron, self.simulation.steps)
        return values / values.max()  # as large as an alpha kernel, as the losses have it

    def psp(self, spike: Tensor) -> Tensor:
        """Return what spikes make of a voltage that is never reset, its peak being 1, NCHWT."""
        z = scaled(time_first(spike), self.simulation.dt)
        return time_last(causal(z, self.kernel().to(z)))

    def spike_loihi(self, weightedSpikes: Tensor) -> Tensor:
        """Return the spikes of neurons with this weighted input, NCHWT; the gradient is SLAYER's."""
        dt, steps = self.simulation.dt, self.simulation.steps
        # spikes are 1 / Ts high: the surrogate, which is theirs, is Ts times as high for those of height 1
        neuron = replace(self.neuron, scale_surrogate=self.neuron.scale_surrogate * dt)
        z = scaled(time_first(weightedSpikes), dt)
        return time_last(scaled(fire(z, neuron, gradient="kernel", longest=steps), 1 / dt))

    def spike_loihi_full(self, weightedSpikes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return spikes, current and voltage, NCHWT, without gradients; the last two in float64, which holds them."""
        traces = self._traces(weightedSpikes)
        return (
            time_last(scaled(traces.spikes, 1 / self.simulation.dt)),
            time_last(traces.current),
            time_last(traces.voltage),
        )

    def get_voltage(self, weightedSpikes: Tensor) -> Tensor:
        """Return the voltage, NCHWT, as Loihi records it: ``vDecay`` where there is a spike."""
        return time_last(self._traces(weightedSpikes).voltage)

    def _traces(self, weighted: Tensor) -> Traces:
        return fire_full(scaled(time_first(weighted), self.simulation.dt), self.neuron)

    spikeLoihi = spike_loihi
    spikeLoihiFull = spike_loihi_full
    getVoltage = get_voltage
