"""Files are written whole or not at all, and a place that is none is told before any work is done."""

from __future__ import annotations

import os

import pytest
from snn import writing
from snn.errors import OutputError


def test_text_and_bytes_are_written(tmp_path):
    writing.write(tmp_path / "a", "é\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\n"
    writing.write(tmp_path / "a", b"\x00")
    assert (tmp_path / "a").read_bytes() == b"\x00"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_place_that_is_none_is_told_before_and_after(tmp_path):
    (tmp_path / "file").write_text("")
    for path, told in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "a", "there is no folder"),
        (tmp_path / "file" / "a", "there is no folder"),
    ):
        with pytest.raises(OutputError, match=told) as caught:
            writing.check(path)
        assert caught.value.hint
        with pytest.raises(OutputError, match="cannot be written"):
            writing.write(path, "")
    writing.check(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_name_that_is_too_long_is_told(tmp_path):
    with pytest.raises(OutputError, match="File name too long"):
        writing.write(tmp_path / ("a" * 300), "")


def test_text_that_is_none_is_told(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        writing.write(tmp_path / "a", "a name that was no UTF-8: \udcff")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="no permission"):
        writing.check(tmp_path / "a")


def test_folders_are_made_with_their_parents(tmp_path):
    assert writing.folder(tmp_path / "a" / "b").is_dir()
    assert writing.folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        writing.folder(tmp_path / "file" / "b")
    with pytest.raises(OutputError, match="is no folder that can be"):
        writing.check_folder(tmp_path / "file" / "b")
    writing.check_folder(tmp_path / "new" / "er")
    assert not (tmp_path / "new").exists()
