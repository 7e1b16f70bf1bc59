"""What a training keeps between epochs: an .npz of arrays and one line of JSON, nothing that runs when it is read."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from snn import writing
from snn.errors import DataError
from snn.npz import open_archive

NAME = "slayer.npz"
_HEADER = "header"
_HINT = "train again without --resume, into another folder"

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training after an epoch.

    Attributes
    ----------
    epoch : int
        How many are done.
    task : mapping
        What has to be the same for the training to go on: settings, shapes, seed.
    arrays : mapping of str to ndarray
        Of the model, of the best model so far, and of the optimiser.
    best : float or None
        The validation accuracy of the best model so far, a share.
    best_epoch : int
    """

    epoch: int
    task: Mapping[str, Any]
    arrays: Arrays
    best: float | None = None
    best_epoch: int = 0
    scalars: Mapping[str, float] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write it into ``folder``; an earlier one is replaced in one step."""
        header = {
            "epoch": self.epoch, "task": self.task, "best": self.best, "best_epoch": self.best_epoch,
            "scalars": self.scalars,
        }  # fmt: skip
        buffer = io.BytesIO()
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        np.savez(buffer, allow_pickle=False, **{_HEADER: text, **self.arrays})
        writing.write(folder / NAME, buffer.getvalue())


def load(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in ``folder``, or None where there is none.

    Raises
    ------
    DataError
        It is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with open_archive(path) as archive:
            arrays = {name: archive.array(name) for name in archive.arrays}
        header = json.loads(arrays.pop(_HEADER).tobytes())
        return Checkpoint(
            int(header["epoch"]), dict(header["task"]), arrays, header["best"], int(header["best_epoch"]),
            {str(name): float(value) for name, value in header["scalars"].items()},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise DataError(f"{path} is no whole checkpoint: {error}", hint=_HINT) from error


def model_arrays(model: torch.nn.Module, prefix: str) -> dict[str, npt.NDArray[Any]]:
    """Return the state of ``model``."""
    return {f"{prefix}/{name}": value.detach().cpu().numpy() for name, value in model.state_dict().items()}


def put_model(model: torch.nn.Module, arrays: Arrays, prefix: str) -> None:
    """Bring ``model`` to the state that `model_arrays` has given."""
    state = model.state_dict()
    try:
        for name, value in state.items():
            value.copy_(torch.from_numpy(np.array(_fitting(arrays, f"{prefix}/{name}", tuple(value.shape)))))
    except KeyError as error:
        raise DataError(f"the checkpoint lacks {error}", hint=_HINT) from error


def optimiser_arrays(optimiser: torch.optim.Optimizer) -> tuple[dict[str, npt.NDArray[Any]], dict[str, float]]:
    """Return the state of ``optimiser``: arrays, and plain numbers."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    scalars: dict[str, float] = {}
    for place, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                arrays[f"optimiser/{place}/{name}"] = value.detach().cpu().numpy()
            else:
                scalars[f"optimiser/{place}/{name}"] = value
    return arrays, scalars


def put_optimiser(optimiser: torch.optim.Optimizer, arrays: Arrays, scalars: Mapping[str, float]) -> None:
    """Bring ``optimiser`` to the state that `optimiser_arrays` has given."""
    whole = optimiser.state_dict()
    state: dict[int, dict[str, Any]] = {}
    for key in (*arrays, *scalars):
        if key.startswith("optimiser/"):
            _, place, name = key.split("/")
            value: Any = torch.from_numpy(np.array(arrays[key])) if key in arrays else int(scalars[key])
            state.setdefault(int(place), {})[name] = value
    optimiser.load_state_dict({**whole, "state": state})


def _fitting(arrays: Arrays, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    found = arrays[name]
    if found.shape != shape:
        raise DataError(f"the checkpoint's {name} has shape {found.shape}, this network's {shape}", hint=_HINT)
    return found
