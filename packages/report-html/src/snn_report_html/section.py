"""A part of the page: what its template is given, or why it cannot be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    key : str
        The name of its template and its address in the page.
    title : str
    word : str
        Its name in the list of parts at the top.
    values : mapping
        What the template is given.
    missing : str
        Why there is nothing to show, and how to get it; the template is not used then.
    """

    key: str
    title: str
    word: str
    values: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""
