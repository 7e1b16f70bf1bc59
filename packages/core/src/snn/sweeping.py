"""Repeat a run over values of settings, in processes side by side, and gather what all of them found.

The folder of a sweep holds ``plan.json``, the networks that points share in ``stages/``, and a folder a point in
``points/``, in which ``point.json`` is written last. So what is there is whole at any moment, and a sweep
that was ended goes on from it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import planning, runs, settings, staging, writing
from .planning import Plan
from .plugins import Plugins, check_requirements
from .progress import Progress, SweepProgress, Tell, say_nothing
from .reporting import Reporter
from .staging import POINT, Task
from .swept import Point, Sweep
from .workers import Message, Workers

SWEEPS = Path("sweeps")
_POINT = "point.json"


def sweep(plan: Plan, plugins: Plugins, folder: Path, jobs: int | None = None, tell: Tell = say_nothing) -> Sweep:
    """Do all of ``plan`` that is not done yet, keep it in ``folder``, and return what was found, old and new.

    Parameters
    ----------
    plan : Plan
    plugins : Plugins
    folder : Path
        New, or that of the same sweep, ended before its end.
    jobs : int
        So many processes work side by side; by default as many as there are processors. No result depends on it.
    tell : Tell
        Is told `SweepProgress` of points, and the notes of the stages that they share.

    Raises
    ------
    OutputError
        The folder holds another sweep.
    """
    planning.begin(plan, folder)
    with planning.alone(folder):
        work = _Work(plan, plugins, folder, tell)
        done = len(work.found) - work.failed
        told = f"; {done} are done already" if done else ""
        tell(Progress("sweep", note=f"{len(plan.points)} points, kept in {folder}{told}"))
        writing.write(folder / "environment.json", json.dumps(runs.installation(plugins), indent=1) + "\n")
        for place in ("stages", "points"):
            writing.folder(folder / place)
        for part in (folder / "stages").glob(".*.part"):  # of a sweep that could not even clean up
            part.unlink(missing_ok=True)
        work.finish(jobs or processors())
        return work.swept()


def report(found: Sweep, reporters: Iterable[Reporter], folder: Path) -> None:
    """Let each of ``reporters`` tell of a sweep."""
    for reporter in reporters:
        reporter.sweep(found, folder)


def reporters(plan: Plan, plugins: Plugins, others: Iterable[str] = ()) -> tuple[Reporter, ...]:
    """Return who tells of the sweep, each with the settings it has in the run file.

    The reporters of the runs, ``others`` by their names, and every one that an installed plugin brings to tell of
    sweeps: a sweep is seldom done for its table alone.

    Raises
    ------
    PluginError
        One that was asked for is not installed, or cannot work here.
    """
    found = list(plan.first.reporters)
    known = {reporter.name for reporter in found}

    def configured(name: str, kind: type[Reporter]) -> Reporter:
        return settings.read(plan.content["run"].get("reporter", {}).get(name, {}), kind, f"reporter.{name}")

    for name in dict.fromkeys(others):
        kind = plugins.component("reporter", name)
        if name not in known:
            found.append(configured(name, kind))
            known.add(name)
            check_requirements("reporter", found[-1])
    for name, kind in plugins.components("reporter").items():
        tells = kind.sweep is not Reporter.sweep and plugins.origin(kind) is not plugins.found[0]
        if tells and name not in known:
            found.append(configured(name, kind))
    return tuple(found)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(eq=False)
class _Work:
    """What is still to be done of a sweep, what is being done, and what was found."""

    plan: Plan
    plugins: Plugins
    folder: Path
    tell: Tell
    found: dict[int, Point] = field(default_factory=dict)
    waiting: dict[str, Task] = field(default_factory=dict)  # by their targets, those that others need first
    running: dict[int, Task] = field(default_factory=dict)  # by the numbers of workers
    shares: dict[int, float] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # of points, by their targets
    said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        spiking: dict[str, bool] = {}
        for number, planned in enumerate(self.plan.points):
            target = self._target(number)
            if planned.run is None:
                self._fail(number, " ".join(str(planned.error).split()), {})
                continue
            if point := _kept(target, planned.values):
                self.found[number] = point
                continue
            source = planned.run.general.source
            if source not in spiking:
                spiking[source] = planning.spiking(planned.run, self.plugins)
            made = staging.tasks(
                planned.run, self.folder / "stages", target, self.plan.digests, spiking=spiking[source]
            )
            for task in made:
                if task.does == POINT or not Path(task.target).exists():
                    self.waiting.setdefault(task.target, task)
            self.numbers[str(target)] = number

    @property
    def failed(self) -> int:
        return sum(point.status == "failed" for point in self.found.values())

    def swept(self) -> Sweep:
        points = tuple(self.found[number] for number in range(len(self.plan.points)))
        return Sweep(self.plan.name, tuple(self.plan.content["over"]), points)

    def finish(self, jobs: int) -> None:
        """Do what is waiting, in at most ``jobs`` processes."""
        count = max(1, min(jobs, len(self.numbers)))
        each = max(1, processors() // count)
        self._told()
        try:
            with Workers(count, tuple(sorted(self.plugins.blocked))) as workers:
                while self.waiting or self.running:
                    while workers.free and (task := self._next()):
                        order = {"task": dataclasses.asdict(task), "processors": each if count > 1 else None}
                        self.running[workers.give(order)] = self.waiting.pop(task.target)
                    self._told()
                    self._hear(workers.hear())
        finally:
            for task in self.running.values():  # their processes are gone
                _clear(Path(task.target))

    def _next(self) -> Task | None:
        """Return a task that can be done now: a stage before a point, for others wait for it."""
        made = {task.target for task in self.running.values()}
        ready = [task for task in self.waiting.values() if not any(n in made or n in self.waiting for n in task.needs)]
        return min(ready, key=lambda task: task.does == POINT, default=None)

    def _hear(self, message: Message) -> None:
        if message.word == "share":
            self.shares[message.worker] = message.content
            return
        if message.word in ("note", "warning"):
            stage, text = message.content if message.word == "note" else ("warning", message.content)
            if text not in self.said:  # points that share nothing say the same
                self.said.add(text)
                self.tell(Progress(stage, note=text))
            return
        task = self.running.pop(message.worker)
        self.shares.pop(message.worker, None)
        if message.content["error"]:
            self._fail_with(task, message.content)
        elif task.does == POINT:
            number = self.numbers[task.target]
            values, measures = self.plan.points[number].values, message.content["measures"]
            self._keep(number, Point(values, "done", "", measures, Path(task.target)))

    def _fail_with(self, task: Task, outcome: Mapping[str, Any]) -> None:
        """Let a point fail, or all points that need a stage."""
        _clear(Path(task.target))
        if task.does == POINT:
            self._fail(self.numbers[task.target], outcome["error"], outcome)
            return
        for other in [other for other in self.waiting.values() if task.target in other.needs]:
            if other.target in self.waiting:
                del self.waiting[other.target]
                self._fail_with(other, outcome)

    def _fail(self, number: int, error: str, outcome: Mapping[str, Any]) -> None:
        target = self._target(number)
        self._keep(number, Point(self.plan.points[number].values, "failed", error, {}, target))
        if "traceback" in outcome:
            writing.write(target / "traceback.txt", outcome["traceback"])

    def _keep(self, number: int, point: Point) -> None:
        """Write the file that says that a point is at its end."""
        self.found[number] = point
        content = {**dataclasses.asdict(point), "folder": point.folder.name}
        writing.folder(point.folder)
        writing.write(point.folder / _POINT, json.dumps({"schema": planning.SCHEMA, **content}, indent=1) + "\n")
        self._told(point)

    def _target(self, number: int) -> Path:
        width = len(str(len(self.plan.points)))
        return self.folder / "points" / f"{number + 1:0{width}d}"

    def _told(self, last: Point | None = None) -> None:
        points = [self.shares.get(worker, 0.0) for worker, task in self.running.items() if task.does == POINT]
        self.tell(
            SweepProgress(
                "sweep",
                len(self.found),
                len(self.plan.points),
                running=len(self.running),
                failed=self.failed,
                share=sum(points) / len(points) if points else 0.0,
                last="" if last is None else _line(last),
            )
        )


def _kept(folder: Path, values: Mapping[str, Any]) -> Point | None:
    """Return the point that ``folder`` holds where it is done, else None: one that failed is tried again."""
    try:
        content = json.loads((folder / _POINT).read_text(encoding="utf-8"))
        done = content["schema"] == planning.SCHEMA and content["status"] == "done"
        return Point(values, "done", "", content["measures"], folder) if done else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear(target: Path) -> None:
    """Remove what a process has left that was ended: a point that is not whole, or parts of the file of a stage."""
    if target.suffix:
        for part in target.parent.glob(f".{target.name}.*.part"):
            part.unlink(missing_ok=True)
    else:
        shutil.rmtree(target, ignore_errors=True)


def _line(point: Point) -> str:
    if point.status == "failed":
        return f"{point.label}: failed: {point.error}"
    if point.measures.get("simulated") is False:
        return f"{point.label}: built, not simulated"
    accuracy, seconds = point.measures.get("accuracy"), point.measures.get("seconds")
    told = "done" if accuracy is None else f"accuracy {100 * accuracy:.2f} %"
    return f"{point.label}: {told}" + ("" if seconds is None else f", simulated in {seconds:.2f} s")
