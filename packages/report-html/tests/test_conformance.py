"""Both reporters keep every promise of a reporter."""

from snn.testing import ReporterSuite
from snn_report_html.html import Html
from snn_report_html.plots import Plots


class TestHtml(ReporterSuite):
    reporter = Html()


class TestPlots(ReporterSuite):
    reporter = Plots(which=("error_over_time", "confusion", "input_image"), dpi=20)
