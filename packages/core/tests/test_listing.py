"""Files and their classes are found in folders by class, and in lists."""

from __future__ import annotations

import numpy as np
import pytest
from snn.errors import DataError
from snn.readers.listing import holds, listing, lists


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def found(folder, labels="", classes=(), suffixes=(".png", ".jpg")):
    result = listing(folder, suffixes, labels, classes)
    return [path.relative_to(folder).as_posix() for path in result.paths], result.labels.tolist()


def test_folders_are_classes_in_the_order_of_the_alphabet(tmp_path):
    put(tmp_path, "cat/10.png", "cat/9.png", "ant/a.JPG", "dog/x.png", "cat/notes.txt", ".git/a.png", "empty/x.txt")
    assert found(tmp_path) == (["ant/a.JPG", "cat/9.png", "cat/10.png", "dog/x.png"], [0, 1, 1, 2])


def test_folders_that_are_numbers_are_class_numbers(tmp_path):
    put(tmp_path, "2/a.png", "10/a.png", "07/a.png")
    assert sorted(zip(*found(tmp_path), strict=True)) == [("07/a.png", 7), ("10/a.png", 10), ("2/a.png", 2)]


def test_order_of_classes_may_be_set(tmp_path):
    put(tmp_path, "cat/1.png", "ant/2.png")
    assert found(tmp_path, classes=("cat", "bee", "ant"))[1] == [2, 0]
    with pytest.raises(DataError, match=r"'ant' is none of the 1 classes set"):
        found(tmp_path, classes=("cat",))


def test_files_without_folders_are_of_unknown_class(tmp_path):
    assert found(put(tmp_path, "b.png", "a.png")) == (["a.png", "b.png"], [-1, -1])
    assert listing(tmp_path / "a.png", (".png",)).labels.tolist() == [-1]


@pytest.mark.parametrize(
    "text",
    [
        "file,class\nb.png,3\na.png,0\n",
        "b.png 3\na.png 0",
        "# file class\n\nb;3\na;0",
        "b\t3\na\t0",
        '\ufeff"b.png", "3"\r\n"a.png", "0"\r\n',
    ],
)
def test_list_tells_files_and_classes_in_its_own_order(tmp_path, text):
    put(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "labels.csv").write_bytes(text.encode())
    assert found(tmp_path) == (["b.png", "a.png"], [3, 0])


def test_list_may_have_another_name_and_classes_with_names(tmp_path):
    put(tmp_path, "in/a.png", "in/b c.png")
    (tmp_path / "list.txt").write_text("in/a.png dog\nin/b c.png ant\n")
    assert found(tmp_path, labels="list.txt") == (["in/a.png", "in/b c.png"], [1, 0])


def test_file_that_is_listed_but_missing_stays_in_the_list(tmp_path):
    put(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_text("a.png,0\ngone.png,1\n")
    assert found(tmp_path) == (["a.png", "gone.png"], [0, 1])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.png\n", "line 1 has no class: 'a.png'"),
        ("\n# nothing\n", "lists no files"),
        ("x,y\n", r"x\.png does not exist"),
    ],
)
def test_list_that_is_none_is_told(tmp_path, text, told):
    put(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=rf"labels\.csv.*{told}") as caught:
        found(tmp_path)
    assert caught.value.hint


def test_list_that_cannot_be_read_is_told(tmp_path):
    put(tmp_path, "a.png")
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        found(tmp_path, labels="none.csv")
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(DataError, match=r"labels\.csv cannot be read"):
        found(tmp_path)


def test_folder_without_files_is_told(tmp_path):
    put(tmp_path, "a.txt", "deep/deeper/a.png")
    with pytest.raises(DataError, match=r"holds no file that ends in \.png, \.jpg"):
        found(tmp_path)
    assert not holds(tmp_path, (".png",))
    assert holds(tmp_path, (".txt",))
    assert holds(tmp_path / "deep", (".png",))


def test_list_of_ten_thousand_files_keeps_its_order(tmp_path):
    lines = [f"{number}.png,{number % 10}" for number in np.random.default_rng(0).permutation(10_000)]
    put(tmp_path, f"{lines[0].split(',')[0]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    names, labels = found(tmp_path)
    assert [f"{name},{label}" for name, label in zip(names, labels, strict=True)] == lines


def test_a_list_may_be_the_path_itself(tmp_path):
    put(tmp_path, "sets/1.png", "sets/2.jpg", "sets/in/3.png")
    path = tmp_path / "sets/train.txt"
    path.write_text("#sample #class\n2\t1\nin/3.png\t0\n")
    result = listing(path, (".png", ".jpg"), labels="labels.csv")
    assert [file.relative_to(tmp_path).as_posix() for file in result.paths] == ["sets/2.jpg", "sets/in/3.png"]
    assert result.labels.tolist() == [1, 0]
    assert lists(path, (".jpg",))
    assert not lists(path, (".bs2",))
    assert not lists(tmp_path / "sets/1.png", (".png",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00\x01" * 50,
        b"1 2\n" * 3,
        b"a\x00b 1\n",
        b"x" * 300 + b" 1\n",
        b"../../../../etc/passwd 1\n",
        b"1\t7\n".rjust(2**17),
        b"\n" * 200 + b"a 1\n",
    ],
)
def test_what_lists_none_of_the_files_is_no_list(tmp_path, content):
    put(tmp_path, "a.png")
    (tmp_path / "list.csv").write_bytes(content)
    assert not lists(tmp_path / "list.csv", (".png",))
    assert not lists(tmp_path / "none.csv", (".png",))


def test_a_pipe_is_no_list(tmp_path):
    import os

    os.mkfifo(tmp_path / "list.txt")
    assert not lists(tmp_path / "list.txt", (".png",))
