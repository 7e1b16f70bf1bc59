"""The contract between core and plugins, as checks that anybody can make.

A check is a plain function of a component; its docstring is the promise. ``snn check NAME`` makes the checks from the
command line, `BackendSuite` and its like make them from pytest, and docs/contract.md lists them.
"""

from __future__ import annotations

from importlib import import_module
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from .outcome import CannotRun, Check, CheckFailed, DoesNotApply, Outcome, perform, promise

if TYPE_CHECKING:
    from .suites import BackendSuite, FrontendSuite, NormaliserSuite, ReaderSuite, ReporterSuite, TrainerSuite

__all__ = [
    "BackendSuite",
    "CannotRun",
    "Check",
    "CheckFailed",
    "DoesNotApply",
    "FrontendSuite",
    "NormaliserSuite",
    "Outcome",
    "ReaderSuite",
    "ReporterSuite",
    "TrainerSuite",
    "checks_for",
    "contract",
    "perform",
    "promise",
]

_MODULES: dict[str, tuple[str, ...]] = {
    "frontend": ("frontend_checks",),
    "reader": ("reader_checks",),
    "normaliser": ("normaliser_checks",),
    "code": (),
    "backend": ("backend_checks", "backend_layer_checks", "backend_neuron_checks"),
    "reporter": ("reporter_checks",),
    "trainer": ("trainer_checks",),
}


def checks_for(kind: str, component: object = None) -> tuple[Check, ...]:
    """Return the checks of a kind of component (``backend``, …), in order; every ``component`` of a kind has the same.

    Examples
    --------
    >>> checks_for("backend")[0].__name__
    'has_a_name'
    """
    names = ("component_checks", *_MODULES[kind])
    return tuple(check for name in names for check in _checks(import_module(f"{__name__}.{name}")))


def _checks(module: object) -> list[Check]:
    home = getattr(module, "__name__", "")
    return [
        value
        for name, value in vars(module).items()
        if isfunction(value) and value.__module__ == home and not name.startswith("_")
    ]


def contract() -> str:
    """Return every promise as Markdown: a heading a kind of component, a line a check."""
    lines = [
        "# The contract",
        "",
        "What a component promises, whoever wrote it. Each line is a check of `snn.testing`, which `snn check NAME`",
        "and the suites for pytest make. This page is written by `python -m snn.testing > docs/contract.md`.",
        "",
        "## Every component",
        "",
        *_lines(_checks(import_module(f"{__name__}.component_checks"))),
    ]
    for kind, names in _MODULES.items():
        for name in names:
            module = import_module(f"{__name__}.{name}")
            about = (module.__doc__ or "").partition("\n")[0]
            lines += [
                "",
                *([f"## {kind.capitalize()}", ""] if name == names[0] else []),
                about,
                "",
                *_lines(_checks(module)),
            ]
    return "\n".join(lines) + "\n"


def _lines(checks: list[Check]) -> list[str]:
    return [f"- `{check.__name__}`: {promise(check).replace('``', '`')}" for check in checks]


def __getattr__(name: str) -> Any:
    if name.endswith("Suite") and name in __all__:  # they need pytest, which snn check does not
        return getattr(import_module(f"{__name__}.suites"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
