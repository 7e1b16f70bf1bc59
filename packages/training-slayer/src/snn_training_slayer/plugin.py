"""What the package brings to the SNN toolbox; nothing heavy is imported here."""

from __future__ import annotations
