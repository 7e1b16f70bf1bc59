"""Spike events: where, of which polarity, when; and their bins as arrays and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from snn.errors import DataError, SettingsError

from ..utils import original_spelling
from .bins import bins_of, inside
from .columns import Numbers, Times, numbers_of, whole_numbers

if TYPE_CHECKING:
    import torch

_LARGEST = 2**31  # values of an array of bins, 8 GB


@dataclass(frozen=True, eq=False, init=False)
class Event:
    """Spikes of a sensor or a layer, as addresses and times.

    Parameters
    ----------
    x : array of whole numbers, (n,)
        Column, or the neuron where there are no rows.
    y : array of whole numbers, (n,), or None
        Row. None where there is one axis alone.
    p : array of whole numbers, (n,)
        Polarity, which becomes the channel; 0 or more. It is kept as it is, where the original moved the lowest to 0
        and so took a recording of ON events alone for one of OFF events.
    t : array of float, (n,)
        Time in ms.

    The original's keywords, xEvent to tEvent, name them too.

    Raises
    ------
    DataError
        Where the lengths differ, or something is no whole number or no time.
    """

    x: Numbers
    y: Numbers | None
    p: Numbers
    t: Times

    def __init__(
        self,
        x: npt.ArrayLike | None = None,
        y: npt.ArrayLike | None = None,
        p: npt.ArrayLike | None = None,
        t: npt.ArrayLike | None = None,
        **original: npt.ArrayLike | None,
    ) -> None:
        given = _named({"x": x, "y": y, "p": p, "t": t}, original)
        object.__setattr__(self, "x", whole_numbers("x", given["x"]))
        object.__setattr__(self, "y", None if given["y"] is None else whole_numbers("y", given["y"]))
        object.__setattr__(self, "p", whole_numbers("polarity", given["p"]))
        object.__setattr__(self, "t", numbers_of("time", given["t"]).astype(np.float64))
        lengths = {len(column) for column in (self.x, self.y, self.p, self.t) if column is not None}
        if len(lengths) > 1:
            raise DataError(f"events have columns of {sorted(lengths)} values", hint="give each event all its values")
        if len(self) and self.p.min() < 0:
            told = f"an event has polarity {self.p.min()}, which is no channel"
            raise DataError(told, hint="number polarities from 0: 0 for OFF, 1 for ON")

    xEvent = property(lambda self: self.x)  # noqa: N815  the original's names, as are the next
    yEvent = property(lambda self: self.y)  # noqa: N815
    pEvent = property(lambda self: self.p)  # noqa: N815
    tEvent = property(lambda self: self.t)  # noqa: N815

    def __len__(self) -> int:
        return len(self.x)

    @property
    def dim(self) -> int:
        """1, or 2 where events have rows."""
        return 1 if self.y is None else 2

    def to_spike_array(self, sampling_time: float = 1, dim: Sequence[int] | None = None) -> npt.NDArray[np.float32]:
        """Return bins of ``sampling_time`` ms that hold 1/sampling_time where there is any spike.

        Parameters
        ----------
        sampling_time : float
            Width of a bin, ms; an event falls into bin round(t / sampling_time), half to even.
        dim : sequence of int or None
            Shape of the array; events outside it are left out. None for the smallest that holds all events.

        Returns
        -------
        ndarray of float32, (channel, x, time) or (channel, y, x, time)
        """
        axes = [*self._axes(), bins_of(self.t, sampling_time)]
        if dim is None:
            dim = [int(axis.max(initial=0)) + 1 for axis in axes]
        if len(dim) != len(axes) or min(dim) < 0:
            raise DataError(f"events of {len(axes)} axes do not fit into dim={tuple(dim)}", hint=_AXES[self.dim])
        if prod(dim) > _LARGEST:
            told = f"an array of {' x '.join(map(str, dim))} bins would have more than {_LARGEST} values"
            raise DataError(told, hint="give dim, or a longer sampling_time")
        spikes = np.zeros(tuple(dim), np.float32)
        spikes[tuple(axis[inside(axes, dim)] for axis in axes)] = 1 / sampling_time
        return spikes

    def to_spike_tensor(
        self,
        empty_tensor: torch.Tensor,
        sampling_time: float = 1,
        random_shift: bool = False,
        binning_mode: str = "OR",
    ) -> torch.Tensor:
        """Put the events into ``empty_tensor``, which is changed and returned.

        Parameters
        ----------
        empty_tensor : Tensor, (channel, y, x, time)
            Zeros; events outside it are left out. Events without rows have y = 0.
        sampling_time : float
            Width of a bin, ms.
        random_shift : bool
            Move all events by a random number of bins (torch's generator): a recording shorter than the tensor lies
            anywhere in it, and of a longer one the tensor holds a part from anywhere in it.
        binning_mode : str
            "OR": a bin holds 1/sampling_time where there is any event; "SUM": that, times the number of events.
        """
        import torch  # noqa: PLC0415  readers need none

        if empty_tensor.dim() != 4:
            told = f"a tensor of shape {tuple(empty_tensor.shape)} has no four axes"
            raise DataError(told, hint="give zeros of (channel, y, x, time)")
        if binning_mode.upper() not in {"OR", "SUM"}:
            raise SettingsError(f"there is no binning mode {binning_mode!r}", hint='there are "OR" and "SUM"')
        bins = bins_of(self.t, sampling_time)
        if random_shift and len(self):
            ends = sorted((-int(bins.min()), empty_tensor.shape[3] - 1 - int(bins.max())))
            bins = bins + int(torch.randint(ends[0], ends[1] + 1, ()))
        rows = np.zeros_like(bins) if self.y is None else self.y
        axes = [self.p, rows, self.x, bins]
        kept = inside(axes, empty_tensor.shape)
        places = tuple(torch.from_numpy(axis[kept]).to(empty_tensor.device) for axis in axes)
        height = torch.tensor(1 / sampling_time, dtype=empty_tensor.dtype, device=empty_tensor.device)
        return empty_tensor.index_put_(places, height, accumulate=binning_mode.upper() == "SUM")

    toSpikeArray = original_spelling(to_spike_array)  # noqa: N815
    toSpikeTensor = original_spelling(to_spike_tensor)  # noqa: N815

    def _axes(self) -> list[Numbers]:
        return [self.p, self.x] if self.y is None else [self.p, self.y, self.x]


_AXES = {1: "give (channel, x, time)", 2: "give (channel, y, x, time)"}


def spike_array_to_event(spike_mat: npt.ArrayLike, sampling_time: float = 1) -> Event:
    """Return an event for each bin of ``spike_mat`` above 0, at its number times ``sampling_time`` ms.

    Parameters
    ----------
    spike_mat : array, (channel, x, time) or (channel, y, x, time)
    sampling_time : float
        Width of a bin, ms.
    """
    spikes = np.asarray(spike_mat)
    if spikes.ndim not in {3, 4}:
        told = f"an array of shape {spikes.shape} holds no bins of spikes"
        raise DataError(told, hint="give (channel, x, time) or (channel, y, x, time)")
    p, *rows, x, bins = np.nonzero(spikes > 0)
    return Event(x, rows[0] if rows else None, p, (bins * sampling_time).astype(np.float64))


def _named(
    ours: dict[str, npt.ArrayLike | None], original: dict[str, npt.ArrayLike | None]
) -> dict[str, npt.ArrayLike | None]:
    """Return the columns by our names; all but y are needed."""
    for name, column in original.items():
        letter = name.removesuffix("Event")
        if letter == name or letter not in ours:
            raise TypeError(f"events have no {name!r}")
        if ours[letter] is not None:
            raise TypeError(f"events got {letter} and {name}, which is the same")
        ours = {**ours, letter: column}
    missing = [name for name, column in ours.items() if column is None and name != "y"]
    if missing:
        raise DataError(f"events have no {', '.join(missing)}", hint="give x, p and t, and y where there are rows")
    return ours
