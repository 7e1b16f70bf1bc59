"""The whole page: sections, in the order in which they are asked for, in one file without links to others."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from snn.result import Result

from .sections import accuracy, confusion, latency, layers, networks, settings, spikes, values, verdict, work

_SECTIONS = (accuracy, layers, values, spikes, work, latency, confusion, networks, settings)


def page(result: Result, title: str = "") -> str:
    """Return what ``result`` says as HTML; the same result gives the same text."""
    template = environment().get_template("page.html")
    parts = [module.section(result) for module in _SECTIONS]
    return template.render(title=title or result.name, verdict=verdict.section(result), sections=parts)


def environment() -> Environment:
    """Return the templates, which escape whatever they are given but charts."""
    return Environment(
        loader=PackageLoader(__package__ or __name__, "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
