"""What to do, with which components and which settings: a run file, its ``--set``, and every default."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import settings, toml
from .coding import Code
from .component import Component
from .converting import ConvertSettings
from .errors import PluginError, SettingsError
from .measures.energy import EnergySettings
from .normalising import Normaliser
from .parsing import Frontend
from .plugins import HOOKS, Plugins
from .reader import Reader
from .reporting import Reporter
from .simulating import Backend
from .tables import (
    TABLES,
    DataSettings,
    General,
    MeasureSettings,
    NormaliseSettings,
    ParseSettings,
    RecordSettings,
    ReportSettings,
    SimulateSettings,
    TrainSettings,
)
from .training import Trainer

PARSING = frozenset({"parse", "frontend"})
"""What has an effect on parsing."""

CALIBRATING = frozenset({"reader", "data.normalise_reader", "data.normalise_count", "data.skip_bad"})
"""What has an effect on reading calibration samples."""

NORMALISING = CALIBRATING | {"normalise", "normaliser"}
"""What has an effect on normalising."""

CONVERTING = (
    PARSING | NORMALISING | {"convert", "backend", "simulate.backend", "simulate.duration_ms", "simulate.dt_ms", "seed"}
)
"""What has an effect on converting; the duration and step are those that simulating will use unless told otherwise."""

READING = frozenset({"reader", *(f"data.{key}" for key in ("reader", "subset", "per_class", "count", "skip_bad"))})
"""What has an effect on reading samples."""

EVALUATING = PARSING | READING
"""What has an effect on evaluating an analog network."""

SIMULATING = READING | {"simulate", "backend", "record", "measure", "energy", "report", "reporter", "name", "seed"}
"""What has an effect on simulating a network that is spiking already."""

ENTERING = ("input", "rate_hz", "poisson_scaling", "event_step_us", "event_height")
"""The keys of [simulate] that say how samples enter."""

COMPARING = READING | {"simulate", "backend", "seed"}
"""What has an effect on comparing backends."""

TRAINING = frozenset(
    {
        *("train", "trainer", "reader", "data.skip_bad", "name", "seed", "source"),
        *(f"simulate.{key}" for key in ENTERING),
        *("simulate.duration_ms", "simulate.dt_ms"),
    }
)
"""What has an effect on training."""

EVERYTHING = frozenset({*TABLES, *HOOKS, *(entry.name for entry in dataclasses.fields(General))})
"""All that a run file may hold."""

RUNNING = EVERYTHING - {"train", "trainer"}
"""What has an effect on a whole run: everything but training."""


PATHS = (
    ("", "source"),
    ("data", "samples"),
    ("data", "normalise_with"),
    ("train", "samples"),
    ("train", "validate_with"),
)
"""The keys that are paths, relative to the run file, each with its table."""

_TRAINER = "snn-training-slayer"  # what brings one


@dataclass(frozen=True)
class RunFile:
    """A run, every setting read and checked, every component built."""

    general: General
    parse: ParseSettings
    data: DataSettings
    normalise: NormaliseSettings
    convert: ConvertSettings
    simulate: SimulateSettings
    record: RecordSettings
    measure: MeasureSettings
    energy: EnergySettings
    report: ReportSettings
    train: TrainSettings
    frontends: Mapping[str, Frontend]
    normalisers: tuple[Normaliser, ...]
    code: Code
    backends: Mapping[str, Backend]
    reporters: tuple[Reporter, ...]
    readers: Mapping[str, Reader] = field(default_factory=dict)
    trainers: Mapping[str, Trainer] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    notes: tuple[str, ...] = ()
    processors: int | None = None
    """How many processors to keep busy, as in `snn.simulating.Setup`; no setting, for it depends on the machine."""

    @property
    def backend(self) -> Backend:
        """The backend of the run; there is one wherever `build` was told that it has an effect."""
        return self.backends[self.simulate.backend]

    @property
    def trainer(self) -> Trainer:
        """The trainer of the run: the one that is named, or the only one that is installed.

        Raises
        ------
        PluginError
            There is none, or several and none is named.
        """
        name, names = self.train.trainer, ", ".join(self.trainers)
        if not self.trainers:
            told = f"no trainer {name!r} is installed" if name else "no trainer is installed"
            raise PluginError(told, hint=f"install one: pip install {_TRAINER}")
        if name and name not in self.trainers:
            raise PluginError(f"no trainer {name!r} is installed", hint=f"installed: {names}")
        if not name and len(self.trainers) > 1:
            raise PluginError(f"several trainers are installed: {names}", hint="choose one in train.trainer")
        return self.trainers[name or names]

    def path(self, name: str) -> Path:
        """Return the path ``name`` of the run file, which is relative to it."""
        return self.folder / name

    def tables(self, uses: Collection[str] = RUNNING) -> dict[str, Any]:
        """Return of the run what ``uses`` name as TOML tables, every default spelt out and every path absolute."""
        tables: dict[str, Any] = dataclasses.asdict(self.general)
        for name in TABLES:
            tables[name] = dataclasses.asdict(getattr(self, name))
        tables["convert"] |= dataclasses.asdict(self.code)
        for table, key in PATHS:
            own = tables[table] if table else tables
            own[key] = str(self.path(own[key]).absolute()) if own[key] else ""
        chosen: list[tuple[str, Component]] = [("reader", reader) for reader in self.readers.values()]
        chosen += [("frontend", frontend) for frontend in self.frontends.values()]
        chosen += [("normaliser", normaliser) for normaliser in self.normalisers]
        chosen += [("reporter", reporter) for reporter in self.reporters]
        if "backend" in uses:
            chosen.append(("backend", self.backend))
        if "trainer" in uses:
            chosen.append(("trainer", self.trainer))
        for kind, component in chosen:
            if fields := dataclasses.asdict(component):
                tables.setdefault(kind, {})[component.name] = fields
        return _used(tables, uses)


def read(path: Path, plugins: Plugins, assignments: Iterable[str] = (), uses: Collection[str] = RUNNING) -> RunFile:
    """Read the run file ``path``; each of ``assignments`` (``TABLE.KEY=VALUE``) goes before what it says."""
    return build(toml.read(path), plugins, assignments, folder=path.parent, uses=uses)


def build(
    tables: Mapping[str, Any],
    plugins: Plugins,
    assignments: Iterable[str] = (),
    folder: Path | None = None,
    uses: Collection[str] | None = None,
) -> RunFile:
    """Return the run that ``tables`` describe.

    ``uses`` are the tables (``data``) and keys (``simulate.backend``) that have an effect on what will be done; others
    are refused, for they would be ignored in silence.

    Raises
    ------
    SettingsError
        A key is unknown or a value does not fit; all faults of a table are told at once.
    PluginError
        A component is not installed.
    """
    for assignment in assignments:
        tables = toml.assign(tables, assignment)
    if strange := [key for key in tables if key not in EVERYTHING]:
        raise SettingsError(
            "\n".join(settings.unknown(key, sorted(EVERYTHING)) for key in strange), hint="snn settings"
        )
    if idle := [] if uses is None else _idle(tables, uses):
        hint = f"what has one: {', '.join(sorted(uses or ()))}"
        if idle[0].startswith("train") and uses is RUNNING:
            hint = f"snn train trains what [train] says; {hint}"
        raise SettingsError(f"{', '.join(idle)}: no effect here", hint=hint)
    general = settings.read(
        {key: value for key, value in tables.items() if key not in {*TABLES, *HOOKS}}, General, "run"
    )

    simulate = settings.read(tables.get("simulate", {}), SimulateSettings, "simulate")
    if uses is not None and "backend" in uses:
        plugins.component("backend", simulate.backend)  # says what is installed where this is not
    notes: list[str] = []
    tables = _preferred(tables, plugins.components("backend").get(simulate.backend), "backend", notes)
    chosen = tables.get("convert", {}).get("code", ConvertSettings.code) if _is_table(tables, "convert") else None
    tables = _preferred(tables, plugins.components("code").get(str(chosen)), "code", notes)
    core = {name: settings.read(tables.get(name, {}), kind, name) for name, kind in TABLES.items() if name != "convert"}
    convert, code = _read_convert(tables.get("convert", {}), plugins)
    configured = {kind: _components(kind, tables.get(kind, {}), plugins, notes) for kind in HOOKS if kind != "code"}

    def component(kind: str, name: str) -> Any:
        plugins.component(kind, name)  # says what is installed where this is not
        return configured[kind][name]

    return RunFile(
        general=general,
        convert=convert,
        code=code,
        **core,
        frontends=configured["frontend"],
        readers=configured["reader"],
        trainers=configured["trainer"],
        backends=configured["backend"],
        normalisers=tuple(component("normaliser", name) for name in core["normalise"].steps),
        reporters=tuple(component("reporter", name) for name in core["report"].reporters),
        folder=folder or Path(),
        notes=tuple(notes),
    )


def part(tables: Mapping[str, Any], uses: Collection[str]) -> dict[str, Any]:
    """Return of ``tables`` what ``uses`` name: tables (``data``) and keys (``simulate.backend``)."""
    found = {}
    for name in sorted(uses):
        table, _, key = name.partition(".")
        if table in tables and (not key or key in tables[table]):
            found[name] = tables[table][key] if key else tables[table]
    return found


def _used(tables: Mapping[str, Any], uses: Collection[str]) -> dict[str, Any]:
    """Return of ``tables`` what ``uses`` name, where it stands."""
    found: dict[str, Any] = {}
    for name, value in tables.items():
        if name in uses:
            found[name] = value
        elif isinstance(value, Mapping):
            own = {key: entry for key, entry in value.items() if f"{name}.{key}" in uses}
            found |= {name: own} if own else {}
    return found


def _is_table(tables: Mapping[str, Any], name: str) -> bool:
    return isinstance(tables.get(name, {}), Mapping)


def _idle(tables: Mapping[str, Any], uses: Collection[str]) -> list[str]:
    """Return what is set in ``tables`` but not in use."""
    found = []
    for name, table in tables.items():
        keys = [f"{name}.{key}" for key in table if table[key] != {}] if isinstance(table, Mapping) else [name]
        found += [key for key in keys if name not in uses and key not in uses]
    return found


def _preferred(
    tables: Mapping[str, Any], component: type[Backend | Code] | None, kind: str, notes: list[str]
) -> Mapping[str, Any]:
    """Return ``tables`` with what the component prefers where nothing is said, and add to ``notes`` what was used."""
    if component is None:
        return tables
    for name, wishes in component.prefers.items():
        for key, value in wishes.items():
            changed = _filled(tables, [*name.split("."), key], value)
            if changed is not tables:
                notes.append(f"{kind} {component.name!r} prefers {name}.{key} = {value!r}")
            tables = changed
    return tables


def _filled(table: Mapping[str, Any], path: list[str], value: object) -> Mapping[str, Any]:
    """Return ``table`` with ``value`` at ``path`` where there was nothing, else the very same table."""
    key, *rest = path
    if not rest:
        return table if key in table else {**table, key: value}
    inner = table.get(key, {})
    if not isinstance(inner, Mapping):  # what is no table is told when it is read
        return table
    changed = _filled(inner, rest, value)
    return table if changed is inner else {**table, key: changed}


def _read_convert(table: Mapping[str, Any], plugins: Plugins) -> tuple[ConvertSettings, Code]:
    """Read the table [convert], which holds core's settings and those of the chosen code."""
    if not isinstance(table, Mapping):
        settings.read(table, ConvertSettings, "convert")  # raises
    kind = plugins.component("code", str(table.get("code", ConvertSettings.code)))
    own, its = ([entry.name for entry in dataclasses.fields(part)] for part in (ConvertSettings, kind))
    if strange := [settings.unknown(str(key), [*own, *its]) for key in table if key not in own and key not in its]:
        raise SettingsError("\n".join(f"[convert] {fault}" for fault in strange), hint="snn settings convert")
    convert = settings.read({key: table[key] for key in table if key in own}, ConvertSettings, "convert")
    return convert, settings.read({key: table[key] for key in table if key in its}, kind, "convert")


def _components(kind: str, tables: Mapping[str, Any], plugins: Plugins, notes: list[str]) -> dict[str, Any]:
    """Return every installed component of a kind, as its table says."""
    if not isinstance(tables, Mapping):
        raise SettingsError(f"[{kind}] must hold a table a {kind}, got {tables!r}", hint=f"write [{kind}.NAME]")
    installed = plugins.components(kind)
    strange = [name for name in tables if name not in installed]
    notes += [f"[{kind}.{name}] is passed over: no {kind} of that name is installed" for name in strange]
    return {name: settings.read(tables.get(name, {}), of, f"{kind}.{name}") for name, of in installed.items()}
