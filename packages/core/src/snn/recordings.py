"""Keep what a simulator recorded, a file a batch, and read it again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import writing
from .simulating import Recording

FOLDER = "recordings"


def save(recording: Recording, folder: Path, start: int) -> None:
    """Write the activity in ``recording``, of the batch from sample ``start`` on, to ``folder``/recordings/.

    The .npz holds ``counts/LAYER`` (batch, *shape), ``potentials/LAYER`` (steps, batch, *shape), and spikes as events:
    ``spikes/LAYER/step``, ``…/sample`` (in the batch), ``…/neuron`` (channels-first) and ``…/sign``, (events,) each.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {f"counts/{name}": counts for name, counts in recording.counts.items()}
    arrays |= {f"potentials/{name}": values for name, values in recording.potentials.items()}
    for name, events in recording.spikes.items():
        arrays |= {f"spikes/{name}/{part}": getattr(events, part) for part in ("step", "sample", "neuron", "sign")}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # names of arrays are not parameters
    writing.write(writing.folder(folder / FOLDER) / f"{start:06d}.npz", buffer.getvalue())
