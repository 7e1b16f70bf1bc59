"""The pages say what is true: everything there is stands in them, and what they show runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from snn import hookspecs
from snn.cli import COMMANDS
from snn.plugins import HOOKS, Plugins

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])


def test_every_hook_and_component_is_on_the_page_of_hooks():
    page = (DOCS / "hooks.md").read_text()
    missing = [hook for hook in HOOKS.values() if hook not in page]
    assert set(HOOKS.values()) == {name for name in vars(hookspecs) if name.startswith("snn_")}
    missing += [name for kind in HOOKS for name in Plugins().components(kind) if f"`{name}`" not in page]
    assert not missing


def test_every_command_is_in_the_pages():
    text = "".join(path.read_text() for path in PAGES)
    assert not [name for name in COMMANDS if f"snn {name}" not in text]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_generated_pages_are_up_to_date():
    check = [sys.executable, DOCS / "generate.py", "--check"]
    done = subprocess.run(check, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_of_the_readme_run(tmp_path):
    text = (ROOT / "README.md").read_text()
    lines = [line.strip() for line in text.splitlines() if line.startswith("    snn ")]
    assert len(lines) >= 5
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in lines:
        words = ["from snn.cli import main; main()", *shlex.split(line)[1:]]
        done = subprocess.run([sys.executable, "-c", *words], cwd=tmp_path, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_the_python_of_the_readme_runs(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *layers = done.stdout.splitlines()
    spiking, analog, agreement = map(float, first.split())
    assert spiking >= analog - 0.005
    assert agreement >= 0.99
    assert [line.split()[0] for line in layers] == ["relu1", "relu2", "classes/softmax"]


def test_the_two_lines_of_the_readme_call_environments_that_exist():
    readme, tox = ((ROOT / name).read_text() for name in ("README.md", "tox.ini"))
    line = "python3 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox run"
    assert f"    {line} -e demo\n" in readme
    assert f"    {line}\n" in readme
    assert "[testenv:demo]" in tox
