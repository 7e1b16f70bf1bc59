"""Spike events, in memory and in files: .bs1, .bs2, .bs3, .bsn and .npy.

Names in the original's spelling, such as ``read2Dspikes``, are aliases of ours.
"""

from __future__ import annotations

from ..utils import original_spelling
from .animation import animate, show
from .count_files import read_1d_spike_counts, write_1d_spike_counts
from .event import Event, spike_array_to_event
from .event_files import (
    read_1d_spikes,
    read_2d_spikes,
    read_3d_spikes,
    write_1d_spikes,
    write_2d_spikes,
    write_3d_spikes,
)
from .numpy_files import read_numpy_spikes, write_numpy_spikes

event = Event
spikeArrayToEvent = original_spelling(spike_array_to_event)  # noqa: N816  the original's name, as are all that follow
read1Dspikes = read_1d_spikes  # noqa: N816
read2Dspikes = read_2d_spikes  # noqa: N816
read3Dspikes = read_3d_spikes  # noqa: N816
read1DnumSpikes = read_1d_spike_counts  # noqa: N816
readNpSpikes = original_spelling(read_numpy_spikes)  # noqa: N816
encode1Dspikes = write_1d_spikes  # noqa: N816
encode2Dspikes = write_2d_spikes  # noqa: N816
encode3Dspikes = write_3d_spikes  # noqa: N816
encode1DnumSpikes = write_1d_spike_counts  # noqa: N816
encodeNpSpikes = original_spelling(write_numpy_spikes)  # noqa: N816
showTD = original_spelling(show)  # noqa: N816
animTD = original_spelling(animate)  # noqa: N816

__all__ = [
    "Event",
    "animTD",
    "animate",
    "encode1DnumSpikes",
    "encode1Dspikes",
    "encode2Dspikes",
    "encode3Dspikes",
    "encodeNpSpikes",
    "event",
    "read1DnumSpikes",
    "read1Dspikes",
    "read2Dspikes",
    "read3Dspikes",
    "readNpSpikes",
    "read_1d_spike_counts",
    "read_1d_spikes",
    "read_2d_spikes",
    "read_3d_spikes",
    "read_numpy_spikes",
    "show",
    "showTD",
    "spikeArrayToEvent",
    "spike_array_to_event",
    "write_1d_spike_counts",
    "write_1d_spikes",
    "write_2d_spikes",
    "write_3d_spikes",
    "write_numpy_spikes",
]
