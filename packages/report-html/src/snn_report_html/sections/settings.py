"""The settings of the run, and what the simulator told."""

from __future__ import annotations

from snn import toml
from snn.result import Result

from ..section import Section


def section(result: Result) -> Section:
    """Return every setting as TOML."""
    facts = [(key.replace("_", " "), _told(value)) for key, value in result.facts.items()]
    text = toml.write(dict(result.tables)) if result.tables else ""
    return Section("settings", "Settings", "Settings", {"toml": text, "facts": facts, "name": result.name})


def _told(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
