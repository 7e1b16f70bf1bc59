"""PyNN and SpiNNaker for the SNN toolbox: converted networks in NEST, NEURON and Brian2, and on SpiNNaker boards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.simulating import Backend


@hookimpl
def snn_backends() -> list[type[Backend]]:
    """Return the backends that run networks through PyNN."""
    from .pynn.backend import PyNN  # noqa: PLC0415  importing a plugin is to be cheap
    from .spinnaker.backend import SpiNNaker  # noqa: PLC0415

    return [PyNN, SpiNNaker]
