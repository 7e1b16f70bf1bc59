"""What becomes of a run whose backend builds the network and does not simulate it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner
from snn import layers as op
from snn import runs
from snn.cli import main
from snn.clock import Clock
from snn.comparing import rows
from snn.dataset import Dataset
from snn.errors import ConversionWarning, Unavailable
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import Plugins
from snn.reporting import Needs, Reporter
from snn.result_file import load
from snn.run_file import build
from snn.simulating import Backend, NotSimulated, Simulator
from snn.testing import perform

LAYERS = frozenset({op.Input, op.Dense, IntegrateFire, Accumulate})
REASON = "the machine is virtual"


@dataclass(frozen=True)
class Mapper(Backend):
    """Tells where it would place a network."""

    name: ClassVar[str] = "mapper"
    layers: ClassVar[frozenset] = LAYERS

    def build(self, network, setup):
        return Map()


class Map(Simulator):
    def run(self, stimulus):
        raise NotSimulated(REASON)

    def facts(self):
        return {"cores": 2, "placements": {"fire": "core 3 [of 16]"}}


@dataclass(frozen=True)
class Boardless(Mapper):
    def build(self, network, setup):
        raise Unavailable("no board is named", hint="name one")


def network():
    return Network(
        (
            op.Input(name="input", shape=(2,)),
            IntegrateFire(name="fire", inputs=("input",)),
            Accumulate(name="out", inputs=("fire",)),
        ),
        stage="spiking",
        clock=Clock(8),
    )


def simulated(folder=None, reporters=()):
    plugins = Plugins()
    run = build({"name": "small"}, plugins)
    run = dataclasses.replace(run, backends={"inisim": Mapper()}, reporters=(*run.reporters, *reporters))
    data = Dataset(np.ones((3, 2), np.float32), np.zeros(3, np.int64), "ones")
    return run, runs.simulate(run, network(), data, plugins, folder=folder)


def test_the_result_has_facts_and_no_samples():
    _, result = simulated()
    assert result.not_simulated == REASON
    assert result.facts["cores"] == 2
    assert (result.samples, result.accuracy, result.agreement, result.energy) == (0, None, None, ())


def test_json_says_that_nothing_was_simulated(tmp_path):
    run, result = simulated(tmp_path)
    runs.report(run, result, tmp_path)
    told = json.loads((tmp_path / "result.json").read_text())
    assert (told["simulated"], told["accuracy"], told["not_simulated"]) == (False, None, REASON)
    assert told["facts"] == {"cores": 2, "placements": {"fire": "core 3 [of 16]"}}
    assert [told[key] for key in ("agreement", "latency_ms", "seconds", "operations_per_sample")] == [None] * 4
    assert not list(tmp_path.glob("*.csv")), "there is nothing to write into them"


def test_the_console_prints_the_facts_and_why_there_is_no_accuracy(capsys):
    run, result = simulated()
    runs.report(run, result, None)
    printed = capsys.readouterr().out
    assert "small on mapper: built, not simulated" in printed
    assert "core 3 [of 16]" in printed
    assert f"nothing was simulated, so there is no accuracy: {REASON}" in printed
    assert "%" not in printed


def test_a_reporter_that_needs_samples_is_passed_over_with_a_warning(tmp_path):
    @dataclass(frozen=True)
    class Curves(Reporter):
        name: ClassVar[str] = "curves"
        needs: ClassVar[Needs] = Needs(sample=True)

        def report(self, result, folder):
            raise AssertionError

    run, result = simulated(tmp_path, (Curves(),))
    with pytest.warns(ConversionWarning, match="'curves' has nothing to tell: nothing was simulated"):
        runs.report(run, result, tmp_path)
    assert not runs.missing(run, result)


def test_it_is_kept_and_read_again(tmp_path):
    _, result = simulated(tmp_path)
    again = load(tmp_path)
    assert (again.not_simulated, again.samples, dict(again.facts)) == (REASON, 0, dict(result.facts))
    cells = {row.name: row.cells for row in rows([again])}
    assert cells["accuracy"] == cells["simulated in"] == cells["decided after (mean)"] == (None,)


def test_a_check_is_skipped_where_nobody_has_named_a_board():
    from snn.testing import checks_for

    checks = {check.__name__: check for check in checks_for("backend")}
    outcome = perform(checks["fires_at_threshold"], Boardless())
    assert (outcome.state, outcome.reason) == ("skipped", "no board is named; name one")


def test_check_takes_settings_of_what_it_checks_and_no_others():
    ran = CliRunner().invoke(main, ["check", "files", "--set", "reporter.files.colour=1"])
    assert (ran.exit_code, "colour: unknown key" in ran.stderr) == (2, True)
    ran = CliRunner().invoke(main, ["check", "files", "--set", "backend.inisim.seed=1"])
    assert (ran.exit_code, "'files'" in ran.stderr) == (2, True)


@dataclass(frozen=True)
class Honest(Mapper):
    name: ClassVar[str] = "Honest"
    deviations: ClassVar[dict] = {"has_a_name": "upper case, by one letter"}


def test_a_deviation_that_a_component_tells_is_no_failure():
    from snn.testing import checks_for

    outcome = perform(checks_for("backend")[0], Honest())
    assert (outcome.check, outcome.state, outcome.reason) == ("has_a_name", "deviates", "upper case, by one letter")
