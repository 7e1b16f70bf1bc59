"""Simulated time: how long a sample is shown, and in what steps."""

from __future__ import annotations

from dataclasses import dataclass

MOST_STEPS = 10**9
_SLACK = 1e-9  # 0.3 / 0.1 must be 3 steps


@dataclass(frozen=True)
class Clock:
    """``steps`` steps of ``dt_ms`` milliseconds.

    Examples
    --------
    >>> Clock(duration_ms=100, dt_ms=0.5).steps
    200
    """

    duration_ms: float = 200.0
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration_ms", float(self.duration_ms))  # 100 and 100.0 are one clock, in files too
        object.__setattr__(self, "dt_ms", float(self.dt_ms))
        for name in ("duration_ms", "dt_ms"):  # a file keeps them so, and its digest must not depend on how they came
            object.__setattr__(self, name, float(getattr(self, name)))
        if not 0 < self.dt_ms <= self.duration_ms < float("inf"):
            raise ValueError(f"duration {self.duration_ms} ms in steps of {self.dt_ms} ms has no whole step")
        if self.duration_ms / self.dt_ms > MOST_STEPS:
            raise ValueError(f"duration {self.duration_ms} ms in steps of {self.dt_ms} ms is over {MOST_STEPS} steps")

    @property
    def steps(self) -> int:
        """The number of whole steps in the duration."""
        return int(self.duration_ms / self.dt_ms * (1 + _SLACK))
