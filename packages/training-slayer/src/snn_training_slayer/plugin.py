"""What the package brings to the SNN toolbox; nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.training import Trainer


@hookimpl
def snn_trainers() -> list[type[Trainer]]:
    """Return SLAYER's trainer."""
    from .trainer.trainer import Slayer  # noqa: PLC0415  importing a plugin is to be cheap

    return [Slayer]
