"""One version everywhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_has_the_same_version_and_asks_for_this_core():
    projects = {path: path.read_text() for path in ROOT.glob("packages/*/pyproject.toml")}
    projects |= {path: path.read_text() for path in ROOT.glob("examples/*/pyproject.toml")}
    versions = {path: re.search(r'^version = "(.+)"$', text, re.MULTILINE)[1] for path, text in projects.items()}
    assert len(set(versions.values())) == 1, versions
    for path, text in projects.items():
        if path.parent.name != "core":
            assert re.search(r'"snn-core(\[\w+\])?>=0\.1,<0\.2"', text), path
