"""How training goes: losses and accuracies of each epoch, printed, plotted and kept."""

from __future__ import annotations

from .epochs import LearningStatistic
from .learning import LearningStatistics

__all__ = ["LearningStatistic", "LearningStatistics"]
