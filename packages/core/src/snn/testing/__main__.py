"""Print the contract: ``python -m snn.testing > docs/contract.md``."""

from __future__ import annotations

import sys

from . import contract

if __name__ == "__main__":
    sys.stdout.write(contract())
