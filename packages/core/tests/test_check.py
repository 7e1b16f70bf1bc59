"""``snn check`` makes the checks of what has a name, and tells what came of each."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from click.testing import CliRunner
from snn.cli.check import command
from snn.errors import PluginError
from snn.normalising import WeightBound
from snn.plugins import Plugins
from snn.progress import say_nothing
from snn.reporters.console import Console


@dataclass(frozen=True)
class Careless(WeightBound):
    """Does nothing."""

    name: ClassVar[str] = "careless"

    def normalise(self, network, data, tell=say_nothing):
        return network


@dataclass(frozen=True)
class Elsewhere(Console):
    """Needs what is not here."""

    name: ClassVar[str] = "careless"
    requires: ClassVar[tuple[str, ...]] = ("no_such_module",)


class Given(Plugins):
    """These components and no others."""

    def __init__(self, **components):
        super().__init__()
        self.given = components

    def components(self, kind):
        return {component.name: component for component in self.given.get(kind, ())}


@pytest.fixture
def check():
    def run(name, plugins):
        return CliRunner().invoke(command, [name], obj=plugins)

    return run


def test_a_sound_component_passes(check):
    done = check("weight_bound", Given(normaliser=[WeightBound]))
    assert done.exit_code == 0
    assert "ok    keeps_proportions" in done.output
    assert done.output.splitlines()[-1].endswith(" ok, 0 failed, 0 skipped")


def test_a_broken_promise_is_told_with_its_reason_and_the_exit_is_1(check):
    done = check("careless", Given(normaliser=[Careless]))
    assert done.exit_code == 1
    assert "FAIL  says_what_it_did\n      the stage is simplified\n" in done.output


def test_what_cannot_run_is_told_with_its_reason_and_is_no_pass(check):
    done = check("careless", Given(reporter=[Elsewhere]))
    assert done.exit_code == 0
    assert "skip  reports_again (reporter 'careless' needs no_such_module: pip install no_such_module)" in done.output


def test_all_components_of_a_name_are_checked(check):
    done = check("careless", Given(normaliser=[Careless], reporter=[Elsewhere]))
    assert "normaliser careless\n" in done.output
    assert "reporter careless\n" in done.output


def test_an_unknown_name_is_an_error_that_lists_the_known(check):
    done = check("nobody", Given(normaliser=[WeightBound], reporter=[Console]))
    assert isinstance(done.exception, PluginError)
    assert "normalisers weight_bound; reporters console" in done.exception.hint
