"""What a sweep is going to do, and whether a folder holds the same sweep, half done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import over, run_file, runs, staging, storage, toml, writing
from .differing import differences
from .errors import OutputError, SnnError
from .over import Over
from .plugins import Plugins
from .run_file import RunFile

SCHEMA = 1
FILE = "plan.json"
_AGAIN = "name another folder with --out, or none, or repeat what began the sweep"


@dataclass(frozen=True)
class Planned:
    """A point to come: its values and its run, or why there is none."""

    values: Mapping[str, Any]
    run: RunFile | None
    error: SnnError | None = None


@dataclass(frozen=True)
class Plan:
    """What a sweep is going to do.

    Attributes
    ----------
    name : str
    points : tuple of Planned
        Those that `over` makes, in their order.
    content : mapping
        What makes it this sweep and no other, as it stands in plan.json.
    """

    name: str
    points: tuple[Planned, ...]
    content: Mapping[str, Any]

    @property
    def first(self) -> RunFile:
        """The first run that there is."""
        return next(point.run for point in self.points if point.run is not None)

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of every file that is read, by its path, and what is installed, under ``""``."""
        return {**self.content["files"], "": json.dumps(self.content["installed"], sort_keys=True)}


def plan(path: Path, plugins: Plugins, overs: tuple[Over, ...], assignments: Iterable[str] = ()) -> Plan:
    """Return what a sweep over the run file ``path`` is going to do.

    A point whose settings do not fit is one that fails; where none fits, the first error is raised.
    """
    tables: Mapping[str, Any] = toml.read(path)
    for assignment in assignments:
        tables = toml.assign(tables, assignment)
    folder = path.parent.absolute()
    points = tuple(_planned(tables, values, plugins, folder) for values in over.combinations(overs))
    found = [point.run for point in points if point.run is not None]
    if not found and points[0].error is not None:
        raise points[0].error
    files = dict.fromkeys(file for run in found for file in runs.files(run))
    versions = runs.installation(plugins)
    return Plan(
        found[0].general.name,
        points,
        {
            "schema": SCHEMA,
            "over": {entry.setting: list(entry.values) for entry in overs},
            "run": json.loads(json.dumps(tables, default=str)),
            "files": {str(file): runs.digest(file) for file in files},
            "points": _digest([staging.plain(run.tables()) for run in found]),
            "installed": {key: versions[key] for key in ("plugins", "numpy")},
        },
    )


def _planned(tables: Mapping[str, Any], values: Mapping[str, Any], plugins: Plugins, folder: Path) -> Planned:
    """Return the point with ``values``."""
    try:
        run = run_file.build(over.assigned(tables, values), plugins, folder=folder, uses=run_file.RUNNING)
        runs.check(run)
    except SnnError as error:
        return Planned(values, None, error)
    return Planned(values, run)


def begin(plan: Plan, folder: Path) -> None:
    """Make ``folder`` that of ``plan``, where it is not already.

    Raises
    ------
    OutputError
        The folder holds something else; the message says what differs.
    """
    writing.check_folder(folder)
    path = folder / FILE
    if not path.exists():
        if folder.is_dir() and any(entry.name[0] != "." for entry in folder.iterdir()):
            raise OutputError(f"{folder} is no folder of a sweep, and holds something else", hint=_AGAIN)
        writing.folder(folder)
        writing.write(path, json.dumps(plan.content, indent=1) + "\n")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(before, dict) or before.get("schema") != SCHEMA:
            raise ValueError("it is of another version")  # noqa: TRY301  told as the others
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {error}", hint=_AGAIN) from error
    if differences := _differences(before, json.loads(json.dumps(plan.content))):
        raise OutputError("\n".join([f"{folder} holds another sweep", *differences]), hint=_AGAIN)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes out of the sweep in ``folder``, where this system can.

    Raises
    ------
    OutputError
        Another one is at it.
    """
    with writing.alone(folder / FILE, f"the sweep in {folder}"):
        yield


def spiking(run: RunFile, plugins: Plugins) -> bool:
    """Return whether the source of ``run`` is a spiking network already."""
    source = run.path(run.general.source)
    if not source.name.endswith(storage.SUFFIX):
        return False
    try:
        return storage.load(source, plugins.neurons()).stage == "spiking"
    except SnnError:
        return False  # the first stage will say what is wrong with it


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a line on each thing in which the plan in the folder is not the one there is now."""
    found = [
        *differences(before.get("over", {}), now["over"], "--over "),
        *differences(before.get("run", {}), now["run"]),
        *(f"file {path}: has changed" for path in _changed(before.get("files", {}), now["files"])),
        *differences(before.get("installed", {}), now["installed"], "installed: "),
    ]
    if not found and before != now:
        found = ["the order of --over, or a default, is another"]
    elif list(before.get("over", {})) != list(now["over"]) and not found:
        found = ["the order of --over is another"]
    return found


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [path for path in {**old, **new} if old.get(path) != new.get(path)]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
