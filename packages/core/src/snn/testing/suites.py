"""The checks as pytest tests."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import ClassVar

import pytest

from ..errors import Unavailable
from ..normalising import Normaliser
from ..parsing import Frontend
from ..reader import Reader
from ..reporting import Reporter
from ..simulating import Backend
from ..training import Trainer
from . import checks_for
from .frontend_checks import Models
from .outcome import CannotRun, Check, require
from .reader_checks import Files

WITHOUT_DEVIATION = frozenset(
    {
        "computes_dense",
        "computes_conv",
        "computes_stride_and_padding",
        "computes_avg_pool",
        "computes_max_pool",
        "computes_flatten",
        "computes_add",
        "records_counts",
        "records_spikes",
        "records_potentials",
        "records_only_what_was_asked",
        "lets_go",
    }
)
"""What nothing can be used without; no reason excuses it."""


class _Suite:
    """Subclass the suite of a kind and set the component; pytest makes every check of it.

    Attributes
    ----------
    deviations : mapping of str to str
        The names of checks that the component is known to fail, each with the reason and the measured size, beside
        those that it tells itself. Such a check must fail: a deviation that was repaired must be struck off.
    """

    kind: ClassVar[str]
    deviations: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls) -> None:
        if "kind" in vars(cls):
            return
        require(hasattr(cls, cls.kind), f"{cls.__name__} has no {cls.kind}: set it to the component, {cls.kind} = …()")
        cls.deviations = {**getattr(cls, cls.kind).deviations, **cls.deviations}
        checks = checks_for(cls.kind)
        if unknown := set(cls.deviations) - {check.__name__ for check in checks}:
            raise ValueError(f"{cls.__name__}.deviations: there is no check {', '.join(sorted(unknown))}")
        if grave := set(cls.deviations) & WITHOUT_DEVIATION:
            raise ValueError(f"{cls.__name__}.deviations: none is accepted from {', '.join(sorted(grave))}")
        if bare := sorted(name for name, reason in cls.deviations.items() if not reason.strip()):
            raise ValueError(f"{cls.__name__}.deviations: {', '.join(bare)} has no reason")
        cls.test_keeps_its_promise = _test(cls, checks)  # type: ignore[attr-defined]

    def material(self) -> Mapping[str, object]:
        """Return what checks take beside the component, by the name of their argument."""
        return {}


def _test(cls: type[_Suite], checks: tuple[Check, ...]) -> Check:
    """Return the test of a suite: one case a check."""
    cases = [
        pytest.param(
            check,
            id=check.__name__,
            marks=[pytest.mark.xfail(reason=cls.deviations[check.__name__], strict=True, raises=AssertionError)]
            if check.__name__ in cls.deviations
            else [],
        )
        for check in checks
    ]

    @pytest.mark.parametrize("check", cases)
    def test_keeps_its_promise(self: _Suite, check: Check) -> None:
        taken = inspect.signature(check).parameters
        more = {name: value for name, value in self.material().items() if name in taken}
        try:
            functools.partial(check, **more)(getattr(self, self.kind))
        except (CannotRun, Unavailable) as outcome:
            pytest.skip(str(outcome))

    return test_keeps_its_promise


class BackendSuite(_Suite):
    """Makes every check of a backend."""

    kind = "backend"
    backend: ClassVar[Backend]


class FrontendSuite(_Suite):
    """Makes every check of a frontend.

    Attributes
    ----------
    models : mapping of str to (source, inputs, outputs)
        Sample models, each with inputs (n, *shape), in the order of axes of the source or of the network, and what the
        framework makes of them, (n, classes).
    """

    kind = "frontend"
    frontend: ClassVar[Frontend]
    models: ClassVar[Models] = {}

    def material(self) -> Mapping[str, object]:
        return {"models": self.models}


class NormaliserSuite(_Suite):
    """Makes every check of a normaliser."""

    kind = "normaliser"
    normaliser: ClassVar[Normaliser]


class ReaderSuite(_Suite):
    """Makes every check of a reader.

    Attributes
    ----------
    files : mapping of str to (path, samples, labels)
        Sample data: a file or folder, the samples in it (n, *shape) and their labels (n,), -1 where unknown.
    """

    kind = "reader"
    reader: ClassVar[Reader]
    files: ClassVar[Files] = {}

    def material(self) -> Mapping[str, object]:
        return {"files": self.files}


class ReporterSuite(_Suite):
    """Makes every check of a reporter."""

    kind = "reporter"
    reporter: ClassVar[Reporter]


class TrainerSuite(_Suite):
    """Makes every check of a trainer.

    Attributes
    ----------
    runs_on : Backend or None
        What runs the trained network, where it has neurons that core does not know.
    """

    kind = "trainer"
    trainer: ClassVar[Trainer]
    runs_on: ClassVar[Backend | None] = None

    def material(self) -> Mapping[str, object]:
        return {"runs_on": self.runs_on}
