"""MegaSim's own program: found before anything is written, run in the folder of the files, and ended when it hangs."""

from __future__ import annotations

import shutil
from pathlib import Path

from snn.errors import SimulationError
from snn.processes.process import LETTERS, LOG, Process

from .files import schematic

_HINT = "name MegaSim's program with backend.megasim.program, or leave that away for the engine of this backend"


class Program:
    """A program that takes the name of a schematic, as MegaSim does.

    Parameters
    ----------
    named : str
        A path, or a name to be found.
    patience_s : float

    Raises
    ------
    SimulationError
        There is no such program.
    """

    def __init__(self, named: str, patience_s: float) -> None:
        self.path = _found(named)
        self._patience_s = patience_s
        self._process: Process | None = None

    def run(self, folder: Path, *, kept: bool) -> None:
        """Run it in ``folder``; raise SimulationError where it fails, hangs, or leaves a file unwritten."""
        hint = "try the files with MegaSim itself: megasim megasim.sch"
        self._process = Process([str(self.path), schematic.NAME], "MegaSim", folder, kept=kept, hint=hint)
        self._process.wait(self._patience_s)
        printed = (folder / LOG).read_text("utf-8", "replace").splitlines()
        wrong = next((line.strip() for line in printed if "error" in line.lower()), "")
        if wrong:  # it is not known to end with an exit code
            raise SimulationError(f"MegaSim tells of an error: {wrong:.{LETTERS}}", hint=self._process.hint())
        for instance in schematic.parsed((folder / schematic.NAME).read_bytes()).instances:
            if not (folder / f"node_{instance.output}.evs").is_file():
                last = f": {printed[-1].strip():.{LETTERS}}" if printed else ""
                raise SimulationError(
                    f"MegaSim has ended and has not written node_{instance.output}.evs{last}", hint=self._process.hint()
                )

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.close()
            self._process = None


def _found(named: str) -> Path:
    path = Path(named).expanduser()
    if path.is_dir():
        raise SimulationError(f"backend.megasim.program: {named} is a folder", hint="name the program in it")
    found = shutil.which(path.absolute() if path.exists() else named)  # which looks for a bare name elsewhere
    if found is None:
        reason = "is no program that may be run" if path.exists() else "is not there"
        raise SimulationError(f"backend.megasim.program: {named} {reason}", hint=_HINT)
    return Path(found).absolute()
