"""The page of the library says what is true."""

import re
from pathlib import Path

import pytest
import snn_training_slayer as slayer
import torch

PAGE = Path(__file__).parents[3] / "docs" / "slayer.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the package is tested without the repository's pages")


def test_what_the_page_shows_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102  our own page
    assert isinstance(names["network"], torch.nn.Module)


def test_every_name_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    missing = [name for name in slayer.__all__ if f"`{name}`" not in page and f"`{name}." not in page]
    assert missing == []
