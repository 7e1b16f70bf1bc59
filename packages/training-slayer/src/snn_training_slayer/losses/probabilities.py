"""The loss of probabilities: the shares of the classes in the spikes of a sliding window."""

from __future__ import annotations

from snn.errors import SettingsError
from torch import Tensor
from torch.nn import functional


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
