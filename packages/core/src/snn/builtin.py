"""Core's own components, registered through the same hooks as everybody's."""

from __future__ import annotations

from .codes.few_spike import FewSpikes
from .codes.pattern import Pattern
from .codes.rate import Rate
from .codes.ttfs import Ttfs
from .codes.ttfs_corrective import TtfsCorrective
from .codes.ttfs_dynamic import TtfsDynamic
from .codes.ttfs_exact import ExactFirstSpike
from .coding import Code
from .hookspecs import hookimpl
from .normalising import Normaliser, Percentile, WeightBound
from .reader import Reader
from .readers.aedat import Aedat
from .readers.idx import Idx
from .readers.images import Images
from .readers.nmnist import Nmnist
from .readers.npz import Npz
from .readers.spikes import Spikes
from .reporters.console import Console
from .reporters.files import Files
from .reporting import Reporter


@hookimpl
def snn_readers() -> list[type[Reader]]:
    """Return readers of samples."""
    return [Npz, Idx, Images, Nmnist, Aedat, Spikes]


@hookimpl
def snn_normalisers() -> list[type[Normaliser]]:
    """Return ways to rescale weights."""
    return [Percentile, WeightBound]


@hookimpl
def snn_codes() -> list[type[Code]]:
    """Return spike codes."""
    return [Rate, Pattern, Ttfs, TtfsDynamic, TtfsCorrective, FewSpikes, ExactFirstSpike]


@hookimpl
def snn_reporters() -> list[type[Reporter]]:
    """Return ways to tell what a run found."""
    return [Console, Files]
