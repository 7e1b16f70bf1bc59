"""Let Brian2 step through samples in a program of its own, of C++ that is compiled once."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
from snn import writing
from snn.errors import SimulationError
from snn.progress import Progress
from snn.simulating import Setup

from .brian import CPPStandaloneDevice, b2, reset_device
from .building import Built
from .playing import Given, Player, Report, Timed, give

TARGET = "cpp_standalone"
_OTHER = 'install make and a C++ compiler, or choose codegen = "numpy"'


class Program(Player):
    """A network that is compiled when the first samples are there, for as many as they are.

    How long it runs is in its code, and how large what it is given is; what that is, is not. So it is started for each
    run with other files, and where fewer samples are left the rest of it plays none.

    Each has a device of its own, as Brian2 calls it, so that none forgets what another was made of.

    Parameters
    ----------
    make : function
        Makes the groups and synapses.
    setup : Setup
    """

    def __init__(self, make: Callable[[], Built], setup: Setup) -> None:
        self._compiler = check_compiler()
        self._setup = setup
        self._device = CPPStandaloneDevice()
        self._arrays: dict[tuple[str, str], b2.TimedArray] = {}
        self._seconds = 0.0
        place = None if setup.folder is None else writing.folder(setup.folder)
        self._folder = tempfile.TemporaryDirectory(prefix="brian2-", dir=place, ignore_cleanup_errors=True)
        with self.active():
            self.built = make()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Have the device of the program as that of Brian2, and leave Brian2 and the environment as they were."""
        environment = dict(os.environ)
        b2.set_device(self._device, build_on_run=False)
        try:
            yield
        finally:
            reset_device()
            b2.Network._globally_running = False  # noqa: SLF001  an interrupt leaves it set
            for name in set(os.environ) - set(environment):  # what Brian2 sets for the program
                del os.environ[name]

    def play(self, given: Given, steps: int, report: Report) -> int:
        if self.samples is None:
            self._compile(given, steps)
        sent = {array: _filled(given[key], array.values.shape[0]) for key, array in self._arrays.items()}
        told = io.StringIO()  # what the program has printed, where it fails
        try:
            with contextlib.redirect_stdout(told):
                self._device.run(run_args=sent, with_output=False)
        finally:
            for name in self._device.run_args_arrays:
                for file in (name, f"{name}.lock"):
                    Path(self._folder.name, "static_arrays", file).unlink(missing_ok=True)
        report(1.0)
        return round(steps * self._device._last_run_completed_fraction)  # noqa: SLF001  no other way

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "compile_seconds": round(self._seconds, 3)}

    def close(self) -> None:
        self._folder.cleanup()

    def _compile(self, given: Given, steps: int) -> None:
        started = perf_counter()
        self._setup.tell(Progress("build", note="Brian2's C++ is being compiled, which takes a minute or so"))
        self._arrays = give(self.built, given)
        self.built.brian.run(steps * self.built.clock.dt, namespace={})
        self._device.build(directory=self._folder.name, compile=False, run=False)
        jobs = self._setup.processors or os.cpu_count() or 1
        _make([self._compiler, f"-j{jobs}"], self._folder.name)
        self.samples = steps // self._setup.clock.steps
        self._seconds = perf_counter() - started


def check_compiler() -> str:
    """Return the command that compiles programs, or raise SimulationError where something for it is missing."""
    if os.name == "nt":
        raise SimulationError(f"codegen {TARGET!r} is not run on Windows", hint='choose codegen = "numpy" or "cython"')
    command = str(b2.prefs.devices.cpp_standalone.make_cmd_unix)
    for program in (command, (os.environ.get("CXX") or "g++").split()[0]):
        if shutil.which(program) is None:
            raise SimulationError(f"codegen {TARGET!r} compiles C++, and there is no {program!r} here", hint=_OTHER)
    return command


def _filled(timed: Timed, rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the values with as many rows as the program takes, those that are missing 0."""
    values = np.zeros((rows, timed.values.shape[1]))
    values[: len(timed.values)] = timed.values
    return values


def _make(command: list[str], folder: str) -> None:
    """Run ``command`` in ``folder``; an interrupt ends it, and all that it has started."""
    with subprocess.Popen(  # noqa: S603  Brian2's own makefile
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            _, told = process.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        lines = [line for line in told.splitlines() if "error" in line.lower()] or told.splitlines() or [""]
        raise SimulationError(f"what Brian2 has written in C++ was not compiled: {lines[0]:.300}", hint=_OTHER)
