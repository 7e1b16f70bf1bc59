"""The process of sPyNNaker, whose home is a private folder.

sPyNNaker reads its settings from the home directory when it is imported, and writes a file there if it finds none: so
the user's own file is neither read nor written.  See `worker` for what the process does.
"""

from __future__ import annotations

import site
from pathlib import Path

from snn.processes.child import Child
from snn.processes.process import private_folder
from snn.progress import Tell

_CONFIG = ".spynnaker.cfg"
_HINT = (
    "is the board on? snn check spinnaker, with --set backend.spinnaker.machine=HOST, tells what works; "
    "backend.spinnaker.patience_s is how long is waited"
)


def config(machine: str, version: int) -> str:
    """Return the settings of sPyNNaker for the board ``machine``, or for a virtual one where that is empty."""
    which = f"machine_name = {machine}" if machine else "virtual_board = True"
    return f"[Machine]\n{which}\nversion = {version}\n"


def spynnaker(settings: str, folder: Path | None, patience_s: float, tell: Tell) -> Child:
    """Begin a process of sPyNNaker.

    Parameters
    ----------
    settings : str
        The content of sPyNNaker's configuration file.
    folder : Path or None
        Where to keep its files, in a folder of their own; None for a temporary one.
    patience_s : float
        How long it may say nothing.
    tell : Tell
    """
    home = private_folder(folder, "spinnaker")
    (home / _CONFIG).write_text(settings, encoding="utf-8")
    environment = {"HOME": str(home), "USERPROFILE": str(home)}
    environment["PYTHONUSERBASE"] = site.getuserbase()  # which would follow the home directory
    return Child(
        f"{__package__}.worker",
        "sPyNNaker",
        home,
        kept=folder is not None,
        hint=_HINT,
        environment=environment,
        patience_s=patience_s,
        tell=tell,
    )
