"""Core's own components keep the promises of their kinds."""

from snn.normalising import Percentile, WeightBound
from snn.reporters.console import Console
from snn.reporters.files import Files
from snn.testing import NormaliserSuite, ReporterSuite


class TestPercentile(NormaliserSuite):
    normaliser = Percentile()


class TestPercentileOfEachChannel(NormaliserSuite):
    normaliser = Percentile(per_channel=True, ignore_zeros=True)


class TestWeightBound(NormaliserSuite):
    normaliser = WeightBound()


class TestConsole(ReporterSuite):
    reporter = Console()


class TestFiles(ReporterSuite):
    reporter = Files()
