"""Where the program ``snn`` begins: with so little that an early Ctrl-C finds somebody who minds it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from .cli import main as command  # noqa: PLC0415  it is what takes time

        try:
            command()
        finally:
            import signal  # noqa: PLC0415

            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and told; Python only takes itself down
    except KeyboardInterrupt:  # before the command line could care for it
        sys.stderr.write("error: interrupted; nothing was done yet\nhint: the same command starts again\n")
        sys.exit(130)
