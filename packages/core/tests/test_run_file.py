"""A run is read whole: every default, what the backend prefers, what the file says, what --set says, in that order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from msgspec import Meta
from snn import builtin, run_file, template, toml
from snn.codes.rate import Rate
from snn.errors import PluginError, SettingsError
from snn.normalising import Percentile, WeightBound
from snn.simulating import Backend
from snn.tables import TABLES


@dataclass(frozen=True)
class Picky(Backend):
    """Prefers what others do not."""

    name = "picky"
    layers = frozenset()
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "convert": {"spiking_pools": True, "initial": 0.25},
        "simulate": {"input": "poisson"},
    }
    cores: Annotated[int, Meta(ge=1, description="How many cores.")] = 4

    def build(self, network, setup):
        raise NotImplementedError


@dataclass(frozen=True)
class Other(Rate):
    """Another code."""

    name: ClassVar[str] = "other"
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "normaliser.percentile": {"percentile": 100.0},
        "convert": {"initial": 0.75, "readout": "spikes"},
    }
    bins: Annotated[int, Meta(ge=1, description="How many bins.")] = 3


class Here:
    """Stands for the plugins of this environment: core's own, and two made here."""

    def components(self, kind):
        found = {
            "backend": [Picky],
            "code": [*builtin.snn_codes(), Other],
            "normaliser": builtin.snn_normalisers(),
            "reporter": builtin.snn_reporters(),
        }.get(kind, [])
        return {component.name: component for component in found}

    def component(self, kind, name):
        if name not in self.components(kind):
            raise PluginError(f"no {kind} {name!r} is installed")
        return self.components(kind)[name]


HERE = Here()


def build(tables=None, *assignments):
    return run_file.build(tables or {}, HERE, assignments)


def refused(told, tables, *assignments, kind=SettingsError):
    with pytest.raises(kind, match=told) as caught:
        build(tables, *assignments)
    return str(caught.value)


def test_empty_run_file_has_every_default():
    run = build()
    assert (run.general.name, run.general.seed) == ("run", 0)
    assert (run.simulate.backend, run.simulate.input, run.simulate.batch) == ("inisim", "current", 100)
    assert run.code == Rate()
    assert run.normalisers == (Percentile(),)
    assert [reporter.name for reporter in run.reporters] == ["console", "files"]
    assert run.notes == ()


def test_backend_that_is_not_installed_is_told_only_when_it_is_needed():
    assert run_file.build({}, HERE, uses=run_file.PARSING).simulate.backend == "inisim"
    for uses in (run_file.CONVERTING, run_file.SIMULATING, run_file.RUNNING):
        with pytest.raises(PluginError, match="no backend 'inisim' is installed"):
            run_file.build({}, HERE, uses=uses)


def test_preferences_go_after_the_file_and_the_file_after_set():
    tables = {"simulate": {"backend": "picky"}}
    run = build(tables)
    assert (run.convert.spiking_pools, run.code.initial, run.simulate.input) == (True, 0.25, "poisson")
    assert run.notes == (
        "backend 'picky' prefers convert.spiking_pools = True",
        "backend 'picky' prefers convert.initial = 0.25",
        "backend 'picky' prefers simulate.input = 'poisson'",
    )
    tables["convert"] = {"initial": 0.5}
    run = build(tables, "convert.spiking_pools=false")
    assert (run.convert.spiking_pools, run.code.initial) == (False, 0.5)
    assert len(run.notes) == 1
    assert build(tables, "convert.initial=0").code.initial == 0.0


def test_set_chooses_the_backend_whose_preferences_count():
    assert build({}, "simulate.backend=picky").convert.spiking_pools


def test_components_are_built_from_their_tables():
    run = build(
        {
            "normalise": {"steps": ["weight_bound", "percentile"]},
            "normaliser": {"percentile": {"percentile": 99, "per_channel": True}},
            "backend": {"picky": {"cores": 7}},
            "simulate": {"backend": "picky"},
        }
    )
    assert run.normalisers == (WeightBound(), Percentile(percentile=99.0, per_channel=True))
    assert run.backend == Picky(cores=7)


def test_settings_of_a_code_stand_in_the_table_convert():
    assert build({"convert": {"code": "other", "bins": 5, "reset": "zero"}}).code == Other(
        bins=5, reset="zero", initial=0.75
    )
    assert "bins" in refused("unknown key", {"convert": {"bins": 5}})
    refused("code: Expected `str`|no code", {"convert": {"code": 3}}, kind=(SettingsError, PluginError))
    refused("no code 'morse'", {"convert": {"code": "morse"}}, kind=PluginError)


def test_tables_of_what_is_not_installed_are_passed_over_with_a_note():
    run = build({"backend": {"loihi": {"cores": "many"}}, "trainer": {"slayer": {}}})
    assert run.notes == (
        "[backend.loihi] is passed over: no backend of that name is installed",
        "[trainer.slayer] is passed over: no trainer of that name is installed",
    )


def test_tables_of_what_is_installed_are_all_checked():
    refused(r"\[backend.picky\] cores: Expected `int` >= 1", {"backend": {"picky": {"cores": 0}}})
    refused(r"did you mean 'percentile'\?", {"normaliser": {"percentile": {"percentil": 9}}})


def test_unknown_tables_and_keys_suggest_the_near_one():
    assert refused("simulat: unknown key; did you mean 'simulate'", {"simulat": {}, "sed": 1}).count("unknown key") == 2
    refused("did you mean 'duration_ms'", {}, "simulate.duration=3")
    refused("did you mean 'reset'", {}, "convert.rest=zero")


def test_all_faults_of_a_table_are_told_at_once():
    told = refused("batch", {"simulate": {"batch": 0, "rate_hz": "fast", "input": "noise"}})
    assert [line.split()[1] for line in told.splitlines()] == ["batch:", "rate_hz:", "input:"]


@pytest.mark.parametrize("name", [*TABLES, "backend", "normaliser", "reporter", "frontend"])
@pytest.mark.parametrize("value", [3, "text", [1]])
def test_table_that_is_none_is_told(name, value):
    for backend in ("inisim", "picky"):
        tables = {"simulate": {"backend": backend}} | {name: value}
        refused(rf"\[{name}\] must (be|hold) a table", tables)


def test_component_that_is_none_is_told():
    refused(r"\[backend.picky\] must be a table, got 3", {"backend": {"picky": 3}})


def test_components_asked_for_must_be_installed():
    refused("no normaliser 'softmax'", {"normalise": {"steps": ["softmax"]}}, kind=PluginError)
    refused("no reporter 'html'", {"report": {"reporters": ["html"]}}, kind=PluginError)


def test_paths_are_relative_to_the_run_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'source = "net.keras"\n[data]\nsamples = "/abs/test.npz"\n[simulate]\nbackend = "picky"\n', encoding="utf-8"
    )
    run = run_file.read(path, HERE, ["seed=5"])
    assert run.path(run.general.source) == tmp_path / "net.keras"
    assert run.path(run.data.samples) == Path("/abs/test.npz")
    assert run.general.seed == 5


def test_whole_run_is_written_with_every_default_and_read_back(tmp_path):
    tables = {"source": "a.keras", "simulate": {"backend": "picky", "duration_ms": 12}, "convert": {"code": "other"}}
    first = run_file.build(tables, HERE, folder=tmp_path)
    written = toml.write(first.tables())
    again = build(toml.tomllib.loads(written))
    assert again.tables() == first.tables()
    assert again.notes == (), "what the backend preferred is spelt out"
    assert first.tables()["source"] == str(tmp_path / "a.keras")
    for key in ("bins", "percentile", "cores", "batch", "refractory_ms"):
        assert f"\n{key} = " in written


def test_template_is_toml_and_builds_the_default_run():
    tables = toml.tomllib.loads(template.template(HERE))
    for name in TABLES:
        assert getattr(build(tables), name) == getattr(build(), name)
    assert (build(tables).code, build(tables).general) == (build().code, build().general)


def test_template_is_what_a_run_takes():
    tables = toml.tomllib.loads(template.template(HERE))
    tables["simulate"]["backend"] = "picky"
    assert run_file.build(tables, HERE, uses=run_file.RUNNING).train == build().train
    assert "\ntrainer = " in template.template(HERE, "train")


def test_template_tells_the_meaning_and_the_choices_of_every_setting():
    text = template.template(HERE)
    for words in (
        "How many cores.",
        "One of: subtract, zero, modulo.",
        "The only source of chance.",
        "[backend.picky]",
    ):
        assert words in text
    for line in text.splitlines():
        assert line.startswith(("#", "[")) or not line or " # " in line, f"no description: {line}"


def test_template_of_one_name_has_its_tables_alone():
    text = template.template(HERE, "picky")
    assert toml.tomllib.loads(text) == {"backend": {"picky": {"cores": 4}}}
    assert "[simulate]" in template.template(HERE, "simulate")
    with pytest.raises(SettingsError, match="nothing named 'nest' has settings") as caught:
        template.template(HERE, "nest")
    assert "picky" in caught.value.hint


def test_template_of_a_code_is_commented_out_unless_it_is_the_default():
    text = template.template(HERE, "other")
    assert "# bins = 3" in text
    assert toml.tomllib.loads(text) == {}


def test_what_a_code_prefers_goes_before_the_defaults_only():
    tables = {
        "convert": {"code": "other"},
        "simulate": {"backend": "picky"},
        "normaliser": {"percentile": {"per_channel": True}},
    }
    run = run_file.build(tables, Here())
    assert run.normalisers == (Percentile(percentile=100.0, per_channel=True),)
    assert run.convert.readout == "spikes"
    assert run.code.initial == 0.25  # the backend's wish
    assert "code 'other' prefers normaliser.percentile.percentile = 100.0" in run.notes
    assert "code 'other' prefers convert.readout = 'spikes'" in run.notes
    tables["normaliser"]["percentile"]["percentile"] = 99.0
    run = run_file.build(tables, Here(), ["convert.readout=potential"])
    assert run.normalisers == (Percentile(percentile=99.0, per_channel=True),)
    assert run.convert.readout == "potential"
