"""What may come of a check: it holds, it fails, or it cannot be told here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..component import Component
from ..errors import PluginError, Unavailable
from ..plugins import check_requirements

Check: TypeAlias = Callable[..., None]
"""A function of the component; whatever else it takes has a default."""

State: TypeAlias = Literal["ok", "deviates", "failed", "skipped"]


class CheckFailed(AssertionError):  # noqa: N818  an outcome, as below
    """A promise is not kept."""


class CannotRun(Exception):  # noqa: N818  an outcome, not an error
    """A check cannot be made here: a module, a board or a sample model is missing. Never a pass."""


class DoesNotApply(CannotRun):
    """The component does not claim what the check is about."""


def require(condition: object, message: str) -> None:
    """Raise CheckFailed with ``message`` unless ``condition`` holds."""
    if not condition:
        raise CheckFailed(message)


def require_installed(kind: str, component: Component) -> None:
    """Raise CannotRun where a module that the component's verb imports is missing."""
    try:
        check_requirements(kind, component)
    except PluginError as error:
        raise CannotRun(f"{error}: {error.hint}") from error


@dataclass(frozen=True)
class Outcome:
    """What came of one check, and why."""

    check: str
    state: State
    reason: str = ""


def perform(check: Check, component: Any) -> Outcome:
    """Make one check; an exception that it does not foresee is a failure like any other."""
    name = check.__name__
    try:
        check(component)
    except CannotRun as outcome:
        return Outcome(name, "skipped", str(outcome))
    except Unavailable as error:
        return Outcome(name, "skipped", f"{error}; {error.hint}")
    except AssertionError as error:
        if reason := getattr(component, "deviations", {}).get(name):
            return Outcome(name, "deviates", reason)
        return Outcome(name, "failed", str(error).strip())
    except Exception as error:  # noqa: BLE001  whatever a component raises is told, and the next check is made
        return Outcome(name, "failed", f"{type(error).__name__}: {error}")
    return Outcome(name, "ok")


def promise(check: Check) -> str:
    """Return what ``check`` is about: the first line of its docstring."""
    return (check.__doc__ or "").strip().partition("\n")[0]
