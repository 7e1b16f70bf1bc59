"""The tables of a run file that are core's own, with the settings in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from .converting import ConvertSettings
from .measures.energy import EnergySettings
from .settings import PositiveFloat, PositiveInt
from .simulating import Kind, Record


@dataclass(frozen=True)
class ParseSettings:
    """How the source is read."""

    frontend: Annotated[str, Meta(description="The reader of the model; by default the one for its suffix.")] = ""


@dataclass(frozen=True)
class DataSettings:
    """Where samples come from; paths in a run file are relative to it."""

    samples: Annotated[str, Meta(description="A file or folder of samples; docs/data.md lists the kinds.")] = ""
    reader: Annotated[str, Meta(description="Its reader; by default the one that accepts it.")] = ""
    subset: Annotated[str, Meta(description='Only these samples: "0:1000", "0:1000:10" or "5,7,9".')] = ""
    per_class: Annotated[PositiveInt | None, Meta(description="Of these, only the first so many of each class.")] = None
    count: Annotated[PositiveInt | None, Meta(description="Of these, only the first so many samples.")] = None
    skip_bad: Annotated[bool, Meta(description="Leave out samples that cannot be read, and count them.")] = False
    normalise_with: Annotated[str, Meta(description="A file or folder of calibration samples.")] = ""
    normalise_reader: Annotated[str, Meta(description="Its reader; by default the one that accepts it.")] = ""
    normalise_count: Annotated[PositiveInt | None, Meta(description="Only the first so many of them.")] = None


@dataclass(frozen=True)
class NormaliseSettings:
    """Which normalisers, in which order."""

    steps: Annotated[tuple[str, ...], Meta(description="Names of normalisers; empty for none.")] = ("percentile",)


@dataclass(frozen=True)
class SimulateSettings:
    """How samples are shown, and to what simulator."""

    backend: Annotated[str, Meta(description="The simulator; snn plugins lists those installed.")] = "inisim"
    input: Annotated[
        Literal["current", "poisson", "regular", "events"],
        Meta(description="Constant current, random or evenly spaced spikes of that mean, or the events of recordings."),
    ] = "current"
    rate_hz: Annotated[
        float, Meta(ge=1e-3, le=1e6, description="Spikes per second of an input of 1, for poisson and regular.")
    ] = 1000.0
    poisson_scaling: Annotated[
        Literal["mean", "ancestor"],
        Meta(description="Keep the mean input at every rate, or let spikes be as high as the largest value."),
    ] = "mean"
    event_step_us: Annotated[
        PositiveFloat | None,
        Meta(description="Microseconds of a recording that enter in a step; by default its length over the steps."),
    ] = None
    event_height: Annotated[
        Literal["share", "one"],
        Meta(
            description="Whether the spike of an event is as high as its share of the sample, so that their mean is "
            "the sample, or 1, however many come in a step."
        ),
    ] = "share"
    duration_ms: Annotated[
        PositiveFloat | None, Meta(description="How long a sample is shown; by default as the code asks.")
    ] = None
    dt_ms: Annotated[PositiveFloat | None, Meta(description="The time step; by default as the code asks.")] = None
    batch: Annotated[PositiveInt, Meta(description="Samples simulated at once; results do not depend on it.")] = 100
    sequence: Annotated[
        PositiveInt, Meta(description="Samples shown one after the other without a reset; 1: each starts at rest.")
    ] = 1

    @property
    def kind(self) -> Kind:
        """The kind of stimulus that `input` comes to."""
        return "current" if self.input == "current" else "spikes"


@dataclass(frozen=True)
class MeasureSettings:
    """What is measured beside classes."""

    layers: Annotated[
        bool, Meta(description="Count the spikes of every layer, and compare with the analog network.")
    ] = True
    samples: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="At most so many samples are compared, layer by layer, with the analog network; by default "
            "1,000, and as few as 100 where it has over 50 million multiply-adds."
        ),
    ] = None
    top_k: Annotated[PositiveInt, Meta(description="The right class counts where it is among the first so many.")] = 5


@dataclass(frozen=True)
class ReportSettings:
    """Who tells what the run found."""

    reporters: Annotated[tuple[str, ...], Meta(description="Names of reporters.")] = ("console", "files")
    sample: Annotated[
        int, Meta(ge=0, description="The sample that is shown in detail, where a reporter shows one; the first is 0.")
    ] = 0


@dataclass(frozen=True)
class RecordSettings:
    """Layers whose activity is kept in recordings/, beside the output."""

    counts: Annotated[tuple[str, ...], Meta(description="Layers whose spikes are counted.")] = ()
    spikes: Annotated[tuple[str, ...], Meta(description="Layers each of whose spikes is kept.")] = ()
    potentials: Annotated[tuple[str, ...], Meta(description="Layers whose potentials are kept.")] = ()

    @property
    def record(self) -> Record:
        """What a simulator is asked to record."""
        return Record(frozenset(self.counts), frozenset(self.spikes), frozenset(self.potentials))


@dataclass(frozen=True)
class TrainSettings:
    """What a spiking network is trained on, by snn train, and by whom."""

    trainer: Annotated[str, Meta(description="The training method; by default the only one installed.")] = ""
    samples: Annotated[str, Meta(description="A file or folder of samples to learn from, each with its class.")] = ""
    reader: Annotated[str, Meta(description="Its reader; by default the one that accepts it.")] = ""
    subset: Annotated[str, Meta(description='Only these samples: "0:1000", "0:1000:10" or "5,7,9".')] = ""
    per_class: Annotated[PositiveInt | None, Meta(description="Of these, only the first so many of each class.")] = None
    count: Annotated[PositiveInt | None, Meta(description="Of these, only the first so many samples.")] = None
    validate_with: Annotated[
        str, Meta(description="A file or folder of samples that are not learnt from, to see how the network does.")
    ] = ""
    validate_reader: Annotated[str, Meta(description="Its reader; by default the one that accepts it.")] = ""
    validate_count: Annotated[PositiveInt | None, Meta(description="Only the first so many of them.")] = None


@dataclass(frozen=True)
class General:
    """The keys outside any table."""

    name: Annotated[str, Meta(pattern=r"^[^/\\\x00-\x1f]{1,100}$", description="Names the run folder; no slashes.")] = (
        "run"
    )
    seed: Annotated[int, Meta(ge=0, description="The only source of chance.")] = 0
    source: Annotated[str, Meta(description="The model file, or a .snn of any stage.")] = ""


TABLES: Mapping[str, type[Any]] = {
    "parse": ParseSettings,
    "data": DataSettings,
    "normalise": NormaliseSettings,
    "convert": ConvertSettings,
    "simulate": SimulateSettings,
    "record": RecordSettings,
    "measure": MeasureSettings,
    "energy": EnergySettings,
    "report": ReportSettings,
    "train": TrainSettings,
}
"""The settings of core's own tables."""
