"""The losses of SLAYER: what output spikes differ from, in time, in number or in probability.

Each is a sum over the samples of a batch. The functions have time as the first axis, (time, sample, *shape), and spikes
of height 1 by default; `Loss` has tensors (sample, channel, row, column, time) and spikes of height 1/Ts, and hands
them on as views. Shrestha and Orchard, "SLAYER: Spike Layer Error Reassignment in Time", 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import Any, TypeAlias

import torch
from snn.errors import DataError, SettingsError
from torch import Tensor
from torch.nn import functional

from .parameters import number_of, table_of
from .utils import original_spelling

Response: TypeAlias = Callable[[Tensor], Tensor]
"""A linear map along time, (time, sample, *shape) to the same shape: of spikes to potentials, or back."""

_CUT = 0.01  # of the peak: where a kernel ends
_BLOCK = 512  # steps that are filtered at once
_MOST_LAGS = 2**14  # of a kernel: its matrix has 70 MB
_MOST_STEPS = 2**31  # of a time, for what cannot be meant
_LOIHI_ONE_BITS, _LOIHI_WEIGHT_BITS = 12, 6  # a decay of 2**12 leaves nothing; weights are in 2**6ths


class CausalFilter:
    """The postsynaptic potential a[t] = Ts sum_k kernel[k] s[t - k], and its transpose.

    Parameters
    ----------
    kernel : sequence of float, (lags,)
    sampling_time : float
        Ts, ms.
    """

    def __init__(self, kernel: Sequence[float], sampling_time: float) -> None:
        lags = len(kernel)
        # step t of a block has spikes from lags - 1 steps before the block on: band[t, j] = kernel[t + lags - 1 - j]
        lag = torch.arange(_BLOCK)[:, None] + lags - 1 - torch.arange(_BLOCK + lags - 1)
        values = torch.tensor(kernel, dtype=torch.float64) * sampling_time
        self._band = torch.where((lag >= 0) & (lag < lags), values[lag.clamp(0, lags - 1)], 0.0)
        self._earlier = lags - 1
        self._placed: dict[tuple[torch.dtype, torch.device], Tensor] = {}

    def __call__(self, spikes: Tensor) -> Tensor:
        """Return the potentials of ``spikes``, (time, *shape)."""
        flat = spikes.reshape(len(spikes), -1)
        total = torch.empty_like(flat, memory_format=torch.contiguous_format)
        for block, seen, rows in self._blocks(flat):
            total[block] = rows @ flat[seen]
        return total.reshape(spikes.shape)

    def transposed(self, potentials: Tensor) -> Tensor:
        """Return g[t] = Ts sum_k kernel[k] potentials[t + k], (time, *shape)."""
        flat = potentials.reshape(len(potentials), -1)
        total = torch.zeros_like(flat, memory_format=torch.contiguous_format)
        for block, seen, rows in self._blocks(flat):
            total[seen] += rows.T @ flat[block]
        return total.reshape(potentials.shape)

    def _blocks(self, flat: Tensor) -> list[tuple[slice, slice, Tensor]]:
        """Return, for each block of steps, the steps that it depends on, and how."""
        place = flat.dtype, flat.device
        if place not in self._placed:
            self._placed[place] = self._band.to(flat.device, flat.dtype)
        band, blocks = self._placed[place], []
        for start in range(0, len(flat), _BLOCK):
            stop = min(start + _BLOCK, len(flat))
            first = max(start - self._earlier, 0)
            left = first - start + self._earlier
            blocks.append((slice(start, stop), slice(first, stop), band[: stop - start, left : left + stop - first]))
        return blocks


class _Linear(torch.autograd.Function):
    """A linear map whose gradient is the transpose that is given with it."""

    @staticmethod
    def forward(context: Any, spikes: Tensor, psp: Response, psp_transpose: Response) -> Tensor:
        context.psp_transpose = psp_transpose
        return psp(spikes)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return context.psp_transpose(gradient), None, None


def _potentials(spikes: Tensor, psp: Response, psp_transpose: Response | None) -> Tensor:
    """Return psp(spikes), whose gradient is ``psp_transpose``, or the map's own where that is None."""
    if psp_transpose is None:
        return psp(spikes)
    return _Linear.apply(spikes, psp, psp_transpose)  # type: ignore[no-untyped-call]


def spike_time_loss(
    spikes: Tensor,
    desired: Tensor,
    psp: Response,
    psp_transpose: Response | None = None,
    *,
    sampling_time: float = 1.0,
) -> Tensor:
    """Return E = 1/2 Ts sum e^2 with e = psp(spikes - desired); its gradient is Ts psp^T(e).

    Parameters
    ----------
    spikes, desired : Tensor, (time, sample, *shape)
    psp, psp_transpose : functions
        The response to spikes, and its transpose; None for the gradient that ``psp`` has itself.
    sampling_time : float
        Ts, ms.
    """
    error = _potentials(spikes - desired, psp, psp_transpose)
    return error.square().sum() * (sampling_time / 2)


def spike_count_loss(
    spikes: Tensor,
    wanted: Tensor,
    start: int,
    stop: int,
    psp: Response,
    psp_transpose: Response | None = None,
    *,
    scale: float = 1.0,
    sampling_time: float = 1.0,
    spike_height: float = 1.0,
) -> Tensor:
    """Return E = 1/2 Ts sum e^2 of the error e in the number of spikes from step ``start`` to before ``stop``.

    e = psp(spikes outside the region), plus, inside it, scale (count - wanted) / (stop - start). Spikes inside count as
    constants, but are given the gradient of all others, Ts psp^T(e): each is moved by the error that it is near to.

    Parameters
    ----------
    spikes : Tensor, (time, sample, *shape)
    wanted : Tensor, (sample, *shape)
        Number of spikes asked for in the region.
    psp, psp_transpose : functions
        The response to spikes, and its transpose; None for the gradient that ``psp`` has itself.
    sampling_time : float
        Ts, ms.
    spike_height : float
        The value of one spike.
    """
    if not 0 <= start < stop:
        raise SettingsError(f"the region of spikes, steps {start} to {stop}, holds none", hint="stop after the start")
    inside = spikes.detach()[start:stop]
    held = torch.zeros_like(spikes)
    held[start:stop] = inside
    constant = torch.zeros_like(held)
    constant[start:stop] = (inside.sum(0) / spike_height - wanted) * (scale / (stop - start))
    error = _potentials(spikes - held, psp, psp_transpose) + constant
    return error.square().sum() * (sampling_time / 2)


def number_of_spikes_loss(
    spikes: Tensor,
    labels: Tensor,
    true_count: float,
    false_count: float,
    start: int,
    stop: int,
    psp: Response,
    psp_transpose: Response | None = None,
    *,
    scale: float = 1.0,
    sampling_time: float = 1.0,
    spike_height: float = 1.0,
) -> Tensor:
    """Return the `spike_count_loss` that asks for ``true_count`` spikes of the true class, and else ``false_count``.

    Parameters
    ----------
    spikes : Tensor, (time, sample, class)
    labels : Tensor of int64, (sample,)
        The true classes.
    """
    wanted = torch.full_like(spikes[0], false_count, requires_grad=False)
    wanted.scatter_(1, labels.to(spikes.device)[:, None], true_count)
    return spike_count_loss(
        spikes,
        wanted,
        start,
        stop,
        psp,
        psp_transpose,
        scale=scale,
        sampling_time=sampling_time,
        spike_height=spike_height,
    )


def probability_of_spikes_loss(spikes: Tensor, desired: Tensor, window: int, *, spike_height: float = 1.0) -> Tensor:
    """Return the cross-entropy of class probabilities in windows of ``window`` steps, their mean over all windows.

    In each of the K windows that lie within the recording (one, where it is shorter), class c of C has n_c of n spikes
    and p_c = (n_c + 1) / (n + C), Laplace's rule of succession, which holds with no spikes too; q_c is that of the
    desired spikes. E = sum over samples of -1/K sum over windows and classes of q_c log p_c. Its gradient with respect
    to a spike of class c is 1/K sum over the windows around it of 1/(n + C) - q_c/(n_c + 1), which is never beyond 1;
    E is least where the counts are those desired.

    The original declares this loss and leaves it empty, so the definition is ours.

    Parameters
    ----------
    spikes : Tensor, (time, sample, *shape)
        Every neuron is a class.
    desired : Tensor, (time, sample, *shape), or (1, sample, *shape)
        Spikes; with one step, the weights of the classes (one-hot, say), and q_c is the share of class c.
    window : int
        Steps.
    spike_height : float
        The value of one spike.
    """
    if window < 1:
        raise SettingsError(f"a window of {window} steps holds no spikes", hint="choose a longer probSlidingWindow")
    counts = _windowed(spikes, window) / spike_height
    classes = counts.shape[2]
    if len(desired) == 1 < len(spikes):
        weights = desired.reshape(1, desired.shape[1], -1).to(counts.dtype)
        target = weights / weights.sum(2, keepdim=True)
    else:
        wanted = _windowed(desired.to(counts.dtype), window) / spike_height
        target = (wanted + 1) / (wanted.sum(2, keepdim=True) + classes)
    log_probability = (counts + 1).log() - (counts.sum(2, keepdim=True) + classes).log()
    return -(target * log_probability).sum() / len(counts)


def _windowed(spikes: Tensor, window: int) -> Tensor:
    """Return the sums over ``window`` steps, (time - window + 1, sample, class)."""
    flat = spikes.reshape(*spikes.shape[:2], -1)
    window = min(window, len(flat))
    total = functional.pad(flat.cumsum(0), (0, 0, 0, 0, 1, 0))
    return total[window:] - total[:-window]


def alpha_kernel(time_constant: float, sampling_time: float, steps: int) -> list[float]:
    """Return eps[k] = (t/tau) exp(1 - t/tau), t = k Ts, to where it falls below 0.01, in at most ``steps`` values."""
    kernel = []
    for step in range(steps):
        ratio = step * sampling_time / time_constant
        value = ratio * exp(1 - ratio)
        if ratio > 1 and not value >= _CUT:  # a ratio beyond all floats makes no number
            break
        kernel.append(value)
    return kernel


def loihi_kernel(current_decay: int, voltage_decay: int, weight_exponent: int, steps: int) -> list[float]:
    """Return how the voltage of a Loihi neuron answers a spike, till it is 0, in at most ``steps`` values.

    In the chip's integers, u[0] = v[0] = 2^(6 + wgtExp + 1), u[t] = u[t-1] (4096 - iDecay) >> 12 and
    v[t] = (v[t-1] (4096 - vDecay) >> 12) + u[t]. It is divided by its peak: so errors of potentials are as large as
    with the alpha kernel, and do not depend on the exponent of the weights.
    """
    one = 1 << _LOIHI_ONE_BITS
    current = voltage = int(2.0 ** (_LOIHI_WEIGHT_BITS + weight_exponent + 1))
    kernel: list[int] = []
    while voltage and len(kernel) < steps:
        kernel.append(voltage)
        current = current * (one - current_decay) >> _LOIHI_ONE_BITS
        voltage = (voltage * (one - voltage_decay) >> _LOIHI_ONE_BITS) + current
    return [value / max(kernel) for value in kernel]


class Loss(torch.nn.Module):
    """The losses with the parameters of a network; tensors are (sample, channel, row, column, time), spikes 1/Ts high.

    Parameters
    ----------
    parameters : Parameters or mapping
        With the tables ``simulation`` (Ts, tSample) and ``neuron``, and, for the number of spikes,
        ``training: error: {tgtSpikeRegion: {start, stop}, tgtSpikeCount: {true, false}}``, times in ms.
    slayer_class : class or None
        A layer, made of the tables neuron and simulation, whose method ``psp`` is the response to spikes. None for the
        alpha kernel of the neuron's tauSr, or for neurons of type LOIHI the kernel of `loihi_kernel`.

    Raises
    ------
    SettingsError
        Where a parameter is missing or no number.
    """

    def __init__(self, parameters: Mapping[str, Any], slayer_class: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.neuron = dict(table_of(parameters, "neuron"))  # a layer may write into what it is given
        self.simulation = dict(table_of(parameters, "simulation"))
        self._settings = parameters
        self._sampling_time = number_of(self.simulation, "Ts", "simulation")
        self._psp: Response
        self._psp_transpose: Response | None
        self._psp, self._psp_transpose = self._response(slayer_class)

    def spike_time(self, spike_out: Tensor, spike_desired: Tensor) -> Tensor:
        """Return the `spike_time_loss` of spikes that should be at the times of ``spike_desired``."""
        _check(spike_out, spike_desired, "spike_desired", spike_out.shape)
        return spike_time_loss(
            _time_first(spike_out),
            _time_first(spike_desired.to(spike_out.device)),
            self._psp,
            self._psp_transpose,
            sampling_time=self._sampling_time,
        )

    def number_of_spikes(self, spike_out: Tensor, desired_class: Tensor, num_spikes_scale: float = 1) -> Tensor:
        """Return the `spike_count_loss` with the region and the numbers of the parameters.

        Parameters
        ----------
        spike_out : Tensor, (sample, channel, row, column, time)
        desired_class : Tensor, (sample, channel, row, column, 1)
            1 for the neurons that shall fire as often as ``tgtSpikeCount`` has it under true, 0 for the others.
        num_spikes_scale : float
            Factor of the error inside the region.
        """
        _check(spike_out, desired_class, "desired_class", (*spike_out.shape[:4], 1))
        region = table_of(self._settings, "training", "error", "tgtSpikeRegion")
        counts = table_of(self._settings, "training", "error", "tgtSpikeCount")
        counts = {str(key).lower(): count for key, count in counts.items()}  # true is a word of YAML, or a text
        start, stop = (number_of(region, key, "tgtSpikeRegion", least=0) for key in ("start", "stop"))
        true, false = (number_of(counts, key, "tgtSpikeCount", least=0) for key in ("true", "false"))
        chosen = desired_class.to(spike_out.device)[..., 0] != 0
        return spike_count_loss(
            _time_first(spike_out),
            torch.where(chosen, true, false).to(spike_out.dtype),
            self._steps(start),
            self._steps(stop),
            self._psp,
            self._psp_transpose,
            scale=num_spikes_scale,
            sampling_time=self._sampling_time,
            spike_height=1 / self._sampling_time,
        )

    def probability_of_spikes(
        self, spike_out: Tensor, spike_desired: Tensor, prob_sliding_window: float = 20
    ) -> Tensor:
        """Return the `probability_of_spikes_loss` with windows of ``prob_sliding_window`` ms.

        ``spike_desired`` has the shape of ``spike_out``, or one step alone with the classes.
        """
        steps = 1 if spike_desired.shape[-1:] == (1,) else spike_out.shape[-1]
        _check(spike_out, spike_desired, "spike_desired", (*spike_out.shape[:4], steps))
        return probability_of_spikes_loss(
            _time_first(spike_out),
            _time_first(spike_desired.to(spike_out.device)),
            self._steps(prob_sliding_window) if prob_sliding_window > 0 else 0,
            spike_height=1 / self._sampling_time,
        )

    spikeTime = original_spelling(spike_time)  # noqa: N815
    numSpikes = original_spelling(number_of_spikes)  # noqa: N815
    probSpikes = original_spelling(probability_of_spikes)  # noqa: N815

    def _response(self, slayer_class: Callable[..., Any] | None) -> tuple[Response, Response | None]:
        """Return what spikes become before they are compared, and its transpose: the one place that decides it."""
        if slayer_class is not None:
            psp = slayer_class(dict(self.neuron), dict(self.simulation)).psp
            return lambda spikes: _time_first(psp(spikes.movedim(0, -1))), None
        neuron = self.neuron
        steps = max(self._steps(number_of(self.simulation, "tSample", "simulation")), 1)
        steps = min(steps, _MOST_LAGS + 1)
        if str(neuron.get("type")).upper() == "LOIHI":
            decays = [number_of(neuron, name, "neuron", least=0, most=4096) for name in ("iDecay", "vDecay")]
            exponent = number_of({"wgtExp": 0, **neuron}, "wgtExp", "neuron", least=-7, most=7)
            kernel = loihi_kernel(int(decays[0]), int(decays[1]), int(exponent), steps)
        else:
            kernel = alpha_kernel(number_of(neuron, "tauSr", "neuron"), self._sampling_time, steps)
        if len(kernel) > _MOST_LAGS:
            told = f"the response to a spike is longer than {_MOST_LAGS} steps of {self._sampling_time} ms"
            raise SettingsError(told, hint="choose a longer Ts, or a faster neuron")
        causal = CausalFilter(kernel, self._sampling_time)
        return causal, causal.transposed

    def _steps(self, time_ms: float) -> int:
        return round(min(time_ms / self._sampling_time, _MOST_STEPS))


def _time_first(spikes: Tensor) -> Tensor:
    return spikes.movedim(-1, 0)


def _check(spikes: Tensor, other: Tensor, name: str, shape: Sequence[int]) -> None:
    if spikes.dim() != 5:
        told = f"spikes of shape {tuple(spikes.shape)} have no five axes"
        raise DataError(told, hint="give (sample, channel, row, column, time)")
    if tuple(other.shape) != tuple(shape):
        raise DataError(f"{name} has shape {tuple(other.shape)}", hint=f"give {tuple(shape)}")
