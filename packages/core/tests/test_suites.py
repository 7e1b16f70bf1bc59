"""The suites make the checks as pytest tests, and hold deviations to what they say."""

import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest
from snn.simulating import Backend
from snn.testing import BackendSuite, NormaliserSuite, checks_for

PLUGIN = """
import dataclasses
from typing import ClassVar
from snn.layers import Upsample
from snn.neurons import IntegrateFire
from snn.normalising import Percentile
from snn.testing import NormaliserSuite, checks_for

@dataclasses.dataclass(frozen=True)
class Halving(Percentile):
    '''Halves what it should not.'''

    def normalise(self, network, data, tell=None):
        if data is None:
            raise ValueError("no data")
        return super().normalise(network, data)

class TestKnown(NormaliserSuite):
    normaliser = Halving()
    deviations = {"says_when_it_needs_samples": "raises ValueError, 1 of 1 times"}

class TestRepaired(NormaliserSuite):
    normaliser = Percentile()
    deviations = {"keeps_the_class": "loses 3 of 120 classes"}

class TestMissing(NormaliserSuite):
    normaliser = dataclasses.make_dataclass(
        "Missing", [], bases=(Percentile,), frozen=True, namespace={"requires": ("no_such_module",)}
    )()
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites")
    (folder / "test_plugin.py").write_text(PLUGIN)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", "test_plugin.py"],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout


def lines(report, case, check):
    return [line for line in report.splitlines() if f"::{case}::" in line and f"[{check}]" in line]


def test_a_known_deviation_is_expected_to_fail(report):
    (line,) = lines(report, "TestKnown", "says_when_it_needs_samples")
    assert line.startswith("XFAIL")
    assert "raises ValueError, 1 of 1 times" in line


def test_a_deviation_that_was_repaired_must_be_struck_off(report):
    (line,) = lines(report, "TestRepaired", "keeps_the_class")
    assert line.startswith("FAILED")
    assert "[XPASS(strict)] loses 3 of 120 classes" in report


def test_what_cannot_run_is_skipped_with_its_reason(report):
    assert not lines(report, "TestMissing", "keeps_the_class")
    assert "needs no_such_module" in report
    assert "SKIPPED" in report


def test_every_check_is_a_test_with_its_name(report):
    for check in checks_for("normaliser"):
        if check.__name__ != "imports_lightly":  # its module cannot be imported by name: skipped
            (line,) = lines(report, "TestKnown", check.__name__)
            assert line.startswith(("PASSED", "XFAIL"))


@dataclass(frozen=True)
class Nothing(Backend):
    name: ClassVar[str] = "nothing"
    layers: ClassVar = frozenset()

    def build(self, network, setup):
        raise NotImplementedError


def suite(base=BackendSuite, **fields):
    return type("TestSuite", (base,), fields)


def test_a_deviation_from_no_check_is_an_error():
    with pytest.raises(ValueError, match="there is no check computes_dance"):
        suite(backend=Nothing(), deviations={"computes_dance": "steps on toes"})


@pytest.mark.parametrize("check", ["computes_dense", "computes_flatten", "records_spikes", "lets_go"])
def test_no_deviation_is_accepted_from_what_nothing_can_be_used_without(check):
    with pytest.raises(ValueError, match=f"none is accepted from {check}"):
        suite(backend=Nothing(), deviations={check: "is hard"})


def test_a_deviation_needs_a_reason():
    with pytest.raises(ValueError, match="reset_zero has no reason"):
        suite(backend=Nothing(), deviations={"reset_zero": " "})


def test_a_suite_needs_its_component():
    with pytest.raises(AssertionError, match="has no normaliser"):
        suite(NormaliserSuite)


def test_checks_can_be_made_without_pytest():
    code = "import sys, snn.testing; snn.testing.checks_for('backend'); print('pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "False"
