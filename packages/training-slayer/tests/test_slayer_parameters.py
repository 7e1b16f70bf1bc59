import os

import pytest
import snn_training_slayer as slayer
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snn.errors import OutputError, SettingsError
from snn_training_slayer.parameters import Parameters

FILE = """\
simulation:
  Ts: 1.0
  tSample: 350
neuron: {type: SRMALPHA, theta: 10, tauSr: 1.0}
training:
  error:
    tgtSpikeCount: {true: 60, false: 10}
"""


def written(tmp_path, text):
    path = tmp_path / "network.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_as_tables(tmp_path):
    parameters = slayer.params(written(tmp_path, FILE))
    assert parameters["neuron"]["theta"] == 10
    assert parameters["training"]["error"]["tgtSpikeCount"] == {True: 60, False: 10}
    assert list(parameters) == ["simulation", "neuron", "training"]
    assert "neuron" in parameters
    assert "layers" not in parameters
    assert len(parameters) == 3
    parameters["neuron"]["theta"] = 5
    parameters["batch"] = 8
    assert (parameters["neuron"]["theta"], parameters["batch"]) == (5, 8)
    del parameters["batch"]
    assert parameters.get("batch") is None


def test_a_dictionary_is_copied():
    given_one = {"neuron": {"theta": 1}}
    parameters = Parameters(given_one)
    parameters["neuron"]["theta"] = 2
    assert given_one == {"neuron": {"theta": 1}}
    assert Parameters(parameters)["neuron"]["theta"] == 2


def test_what_is_saved_and_printed_is_what_was_read(tmp_path, capsys):
    parameters = Parameters(written(tmp_path, FILE))
    parameters.save(tmp_path / "saved.yaml")
    assert Parameters(tmp_path / "saved.yaml") == parameters
    parameters.print()
    assert yaml.safe_load(capsys.readouterr().out) == dict(parameters)


def test_what_cannot_be_saved_leaves_the_earlier_file(tmp_path):
    path = written(tmp_path, "a: 1")
    with pytest.raises(OutputError, match=r"network\.yaml cannot be written"):
        Parameters({"a": object()}).save(path)
    assert path.read_text() == "a: 1"


def test_a_missing_parameter_names_the_near_one():
    with pytest.raises(SettingsError, match="there is no parameter 'neurons'") as error:
        Parameters({"neuron": 1})["neurons"]
    assert error.value.hint == "did you mean neuron?"
    with pytest.raises(KeyError):
        Parameters({})["a"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "line 3: "),
        ("a: 1\na: 2\n", "line 2: a is given twice"),
        ("a: &x [1]\nb: &y [*y]\n", "an alias stands for what it is in"),
        ("!!python/object/apply:os.system [touch /tmp/never]", "line 1: .*python/object"),
        ("a: !!int ''", "string index"),
        ("a: !!bool perhaps", "perhaps"),
        ("a: 2001-99-99", "month"),
        ("[" * 20_000, "recursion"),
        (b"a: \xff", "utf-8"),
        ("- 1", "holds no table"),
        ("", "holds no table"),
        ("a: 1\n---\nb: 2\n", "line 2: "),
        ("#" * 2**18 + "\na: 1", "more than"),
    ],
)
def test_a_damaged_file_is_one_error_with_its_name(tmp_path, text, told):
    path = written(tmp_path, text)
    with pytest.raises(SettingsError, match=told) as error:
        Parameters(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("merged", ["*{0}", "{{<<: [{1}]}}"])
def test_aliases_that_grow_without_bound_are_refused(tmp_path, merged):
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, 12):
        nine = ", ".join([f"*a{level - 1}"] * 9)
        value = f"[{nine}]" if merged.startswith("*") else merged.format("", nine)
        lines.append(f"a{level}: &a{level} {value}")
    with pytest.raises(SettingsError, match="more than 10000 values"):
        Parameters(written(tmp_path, "\n".join(lines)))


def test_aliases_and_merged_tables_are_read(tmp_path):
    found = Parameters(written(tmp_path, "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n"))
    assert dict(found) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_no_file_and_what_is_none_are_told(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            Parameters(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(SettingsError, match="no regular file"):
            Parameters(tmp_path / "pipe")


@given(text=st.text(st.sampled_from("{}[]:,-&*!|>'\"%@`?#a1.\n <~=intbolfsx"), max_size=60) | st.binary(max_size=60))
def test_any_text_is_parameters_or_a_settings_error(tmp_path_factory, text):
    path = written(tmp_path_factory.getbasetemp(), text)
    try:
        Parameters(path)
    except SettingsError as error:
        assert str(path) in str(error)  # noqa: PT017
