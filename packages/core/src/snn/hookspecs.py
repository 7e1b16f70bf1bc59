"""The hooks a plugin may implement.

A plugin is a module named by an entry point in the group ``snn``.  Each hook takes nothing and returns a list
of component classes; importing the module and calling its hooks must be cheap.  Which component is used is
chosen by name, by the user, never by the order of loading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from .coding import Code
    from .normalising import Normaliser
    from .parsing import Frontend
    from .reader import Reader
    from .reporting import Reporter
    from .simulating import Backend
    from .training import Trainer

GROUP = "snn"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def snn_frontends() -> list[type[Frontend]]:
    """Return readers of other frameworks' models."""
    return []


@hookspec
def snn_readers() -> list[type[Reader]]:
    """Return readers of samples."""
    return []


@hookspec
def snn_normalisers() -> list[type[Normaliser]]:
    """Return ways to rescale weights."""
    return []


@hookspec
def snn_codes() -> list[type[Code]]:
    """Return spike codes: neurons, and the way they are placed."""
    return []


@hookspec
def snn_backends() -> list[type[Backend]]:
    """Return simulators."""
    return []


@hookspec
def snn_reporters() -> list[type[Reporter]]:
    """Return ways to tell what a run found."""
    return []


@hookspec
def snn_trainers() -> list[type[Trainer]]:
    """Return methods to train spiking networks."""
    return []
