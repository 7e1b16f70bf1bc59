"""A plugin that is broken is listed with its fault, and the others work; nothing depends on the order of loading."""

from __future__ import annotations

import itertools
import sys

import pytest
from snn import plugins as module
from snn.component import Component
from snn.errors import PluginError
from snn.plugins import Plugins, check_requirements

GOOD = """
from dataclasses import dataclass
from snn.hookspecs import hookimpl
from snn.normalising import Normaliser

@dataclass(frozen=True)
class Good(Normaliser):
    name = "NAME"
    strength: float = 1.0

    def normalise(self, network, data, tell=None):
        return network

@hookimpl
def snn_normalisers():
    return [Good]
"""

numbers = itertools.count()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that puts a plugin where Python finds it."""

    def put(name, code=GOOD, *, distribution=None, requires=(), version="1.2"):
        distribution = distribution or f"snn-{name}"
        package = f"snn_fake_{next(numbers)}"
        folder = tmp_path / distribution
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (folder / f"{package}.py").write_text(code.replace("NAME", name))
        needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}")
        (info / "entry_points.txt").write_text(f"[snn]\n{name} = {package}\n")
        monkeypatch.syspath_prepend(folder)
        return package

    return put


def fault(name, plugins=None):
    (found,) = (plugin for plugin in (plugins or Plugins()).found if plugin.name == name)
    return found.fault


def test_plugin_is_found_with_its_distribution_and_components(install):
    install("fine")
    plugins = Plugins()
    component = plugins.component("normaliser", "fine")
    origin = plugins.origin(component)
    assert (origin.name, origin.distribution, origin.version, origin.fault) == ("fine", "snn-fine", "1.2", "")
    assert plugins.found[0].name == "core"
    assert {"percentile", "weight_bound", "fine"} <= set(plugins.components("normaliser"))


FAULTS = {
    "raises at import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "leaves at import": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "misses a module": ("import quantum_tunnel", "ModuleNotFoundError: No module named 'quantum_tunnel'"),
    "is no Python": ("def (", "SyntaxError"),
    "misspelt hook": (GOOD.replace("snn_normalisers", "snn_normalizers"), "unknown hook 'snn_normalizers'"),
    "hook takes something": (GOOD.replace("snn_normalisers()", "snn_normalisers(network)"), "network"),
    "hook raises": (GOOD.replace("return [Good]", "return [1 / 0]"), "snn_normalisers: ZeroDivisionError"),
    "hook gives nothing": (GOOD.replace("return [Good]", "return None"), "snn_normalisers: TypeError"),
    "hook gives an instance": (GOOD.replace("[Good]", "[Good()]"), "is no component class"),
    "hook gives another class": (GOOD.replace("[Good]", "[int]"), "is no component class"),
    "component without a name": (GOOD.replace('name = "NAME"', "pass"), "Good has no name"),
    "abstract component": (GOOD.replace("def normalise", "def normalize"), "abstract"),
    "setting without a default": (GOOD.replace("strength: float = 1.0", "strength: float"), "strength"),
    "setting of no type": (GOOD.replace("strength: float", "strength: 'Unknown'"), "Unknown"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_broken_plugin_is_listed_with_its_fault_while_others_work(install, what):
    code, told = FAULTS[what]
    install("fine")
    install("broken", code)
    plugins = Plugins()
    assert told in fault("broken", plugins)
    assert fault("fine", plugins) == fault("core", plugins) == ""
    assert "fine" in plugins.components("normaliser")
    with pytest.raises(PluginError, match="no normaliser 'broken' is installed") as caught:
        plugins.component("normaliser", "broken")
    assert "left out: broken (" in caught.value.hint


@pytest.mark.parametrize("needs", ["snn-core>=99", "snn_core<0.0.1", "Snn.Core==99.*"])
def test_plugin_for_another_core_is_left_out_before_it_is_imported(install, needs):
    package = install("old", requires=["numpy", needs])
    assert fault("old").startswith("needs ")
    assert package not in sys.modules


@pytest.mark.parametrize(
    "needs", ["snn-core", "snn-core>=0", "snn-core>=99; extra == 'next'", "snn-core>=99; python_version < '3'"]
)
def test_requirement_that_is_met_or_does_not_apply_is_let_pass(install, needs):
    install("fine", requires=[needs])
    assert fault("fine") == ""


def test_requirement_that_cannot_be_read_is_the_fault_of_that_plugin_alone(install):
    install("fine")
    install("broken", requires=["snn-core (>=0.1"])
    plugins = Plugins()
    assert "InvalidRequirement" in fault("broken", plugins)
    assert fault("fine", plugins) == ""


def test_two_distributions_with_one_plugin_name_are_both_left_out(install):
    install("twin", distribution="snn-one")
    install("twin", distribution="snn-two")
    install("fine")
    twins = [plugin for plugin in Plugins().found if plugin.name == "twin"]
    assert {plugin.distribution for plugin in twins} == {"snn-one", "snn-two"}
    assert all("another distribution also calls its plugin 'twin'" in plugin.fault for plugin in twins)
    assert "fine" in Plugins().components("normaliser")


def test_plugin_may_not_call_itself_core(install):
    install("core", distribution="snn-impostor")
    faults = {plugin.distribution: plugin.fault for plugin in Plugins().found if plugin.name == "core"}
    assert faults["snn-core"] == ""
    assert "another distribution" in faults["snn-impostor"]


def test_two_components_of_one_name_name_both_distributions(install):
    install("one", GOOD.replace("NAME", "same"))
    install("two", GOOD.replace("NAME", "same"))
    plugins = Plugins()
    with pytest.raises(PluginError, match="snn-one and snn-two both offer a normaliser named 'same'") as caught:
        plugins.components("normaliser")
    assert "SNN_BLOCK=two" in caught.value.hint
    assert plugins.components("code"), "other kinds are not touched"
    assert "same" in Plugins(["two"]).components("normaliser")


def test_blocked_plugin_is_not_imported(install, monkeypatch):
    package = install("fine")
    assert fault("fine", Plugins(["fine"])) == "blocked"
    monkeypatch.setenv(module.BLOCK, "other, fine ,")
    assert fault("fine") == "blocked"
    assert package not in sys.modules


def test_blocking_one_twin_lets_neither_in_by_chance(install):
    install("twin", distribution="snn-one")
    install("twin", distribution="snn-two")
    assert {plugin.fault for plugin in Plugins(["twin"]).found if plugin.name == "twin"} == {"blocked"}


def test_nothing_is_loaded_before_it_is_asked_for(install):
    package = install("fine")
    plugins = Plugins()
    assert package not in sys.modules
    assert plugins.found
    assert package in sys.modules


def test_folder_that_was_left_behind_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "~nn_gone-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert Plugins().found[0].fault == ""


def needing(*modules):
    return type("Needy", (Component,), {"name": "needy", "requires": modules})()


def test_missing_module_is_told_with_what_to_install():
    with pytest.raises(PluginError, match="backend 'needy' needs nest-simulator, quantum_tunnel") as caught:
        check_requirements("backend", needing("nest_that_is_none: nest-simulator", "json", "quantum_tunnel"))
    assert caught.value.hint == "pip install nest-simulator quantum_tunnel"
    check_requirements("backend", needing("json", "xml.dom: python"))


def test_module_of_a_missing_package_is_missing_too():
    with pytest.raises(PluginError, match="needs lava-nc"):
        check_requirements("backend", needing("lava_that_is_none.magma: lava-nc"))
