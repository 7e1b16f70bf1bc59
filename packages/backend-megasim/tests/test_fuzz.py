"""Whatever is in the files, only a SimulationError comes out, and soon."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from megasim_networks import given as spikes
from megasim_networks import images, recorded
from snn.errors import SimulationError
from snn_backend_megasim.engine.running import run
from snn_backend_megasim.files import events, parameters, schematic, state

MANY = settings(
    max_examples=150, derandomize=True, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WORDS = [
    ".netlist", ".integers", ".floats", ".options", "source", "{a}", "{a,b}", "a.stim", "x.prm", "x.stt", "module_conv",
    "module_flatten", "Tmax=5", "THplus", "n_in_ports", "-1", "0", "1", "7", "99999999999", "-", "\n", "\n", "\t", "é",
]  # fmt: skip
READERS = {
    "stim": lambda content: events.parsed(content, "x"),
    "sch": lambda content: schematic.parsed(content, "x"),
    "stt": lambda content: state.check(content, "x"),
    **{kind: lambda content, kind=kind: parameters.parsed(content, "x", kind) for kind in parameters.FORMS},
}


def outcome(read, content):
    """Return whether the content was read, or refused by the file's name with a hint."""
    try:
        read(content)
    except SimulationError as error:
        return str(error).startswith("x, line ") and bool(error.hint)
    return True


@pytest.mark.parametrize("kind", READERS)
@given(content=st.binary(max_size=200))
@MANY
def test_random_bytes(kind, content):
    assert outcome(READERS[kind], content)


@pytest.mark.parametrize("kind", READERS)
@given(words=st.lists(st.sampled_from(WORDS), max_size=40))
@MANY
def test_random_words(kind, words):
    assert outcome(READERS[kind], " ".join(words).encode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    network = images(0)
    recorded(network, spikes(network, 1, 3, 0), potentials=False, folder=place)
    return place / "megasim"


@given(data=st.data())
@MANY
def test_changed_numbers_and_words_of_a_whole_folder(folder, data):
    path = data.draw(st.sampled_from(sorted(path for path in folder.iterdir() if path.suffix != ".evs")))
    kept = path.read_bytes()
    lines = kept.decode().split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        words = lines[place].split(" ")
        new = data.draw(st.sampled_from(["-2", "-1", "0", "1", "3", "64", "5000", "2147483647", "9999999999", "x", ""]))
        words[data.draw(st.integers(0, len(words) - 1))] = new
        lines[place] = " ".join(words)
    try:
        path.write_text("\n".join(lines))
        with suppress(SimulationError):
            run(folder)
    finally:
        path.write_bytes(kept)
