"""The original's names: its ``utils`` namespace, and the spelling of its keywords.

Everywhere in the package a name in the original's spelling, such as ``getClass``, is an alias of the one it stands
for, ``get_class``, and does the same. Where its keywords were spelt so too, it takes them in either spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar

_Returned = TypeVar("_Returned")

_NAMES = {
    "stats": ("statistics", "LearningStatistics"),
    "learningStats": ("statistics", "LearningStatistics"),
    "optim": ("optimisers", ""),
    "quantize": ("quantising", "quantize"),
}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _NAMES[name]
    found = import_module(f".{module}", __package__)
    return getattr(found, attribute) if attribute else found


def original_spelling(function: Callable[..., _Returned]) -> Callable[..., _Returned]:
    """Return ``function`` with its keywords in the original's spelling too: samplingTime for sampling_time."""

    @wraps(function)
    def spelt(*arguments: Any, **settings: Any) -> _Returned:
        translated: dict[str, Any] = {}
        for name, value in settings.items():
            ours = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)
            if ours in translated:
                raise TypeError(f"{function.__name__}() got {name!r} in both spellings")
            translated[ours] = value
        return function(*arguments, **translated)

    return spelt
