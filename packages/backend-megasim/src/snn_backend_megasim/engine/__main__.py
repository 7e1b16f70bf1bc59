"""The engine as a program: ``python -m snn_backend_megasim.engine SCHEMATIC`` runs the files beside a schematic."""

from __future__ import annotations

import sys
from pathlib import Path

from snn.errors import SnnError

from .running import run


def main(words: list[str]) -> str | None:
    """Run the files beside the schematic that is named, and return what went wrong."""
    if len(words) != 1:
        return "usage: python -m snn_backend_megasim.engine SCHEMATIC"
    try:
        outcome = run(Path(words[0]).absolute().parent)
    except SnnError as error:
        return f"error: {error}"
    sys.stdout.write(f"{outcome.events} events in {outcome.seconds:.3f} s\n")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
