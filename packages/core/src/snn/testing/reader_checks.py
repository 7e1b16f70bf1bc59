"""What a reader promises of the samples that it reads, and of files that are damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..checking import check
from ..dataset import Dataset
from ..errors import DataError
from ..reader import Reader
from .outcome import CannotRun, DoesNotApply, require, require_installed

Files: TypeAlias = Mapping[str, tuple[Path, npt.NDArray[Any], npt.NDArray[Any]]]
"""By name: a file or folder, its samples (n, *shape) and its labels (n,), -1 where unknown."""

_NONE: Files = {}


def accepts_its_suffixes(reader: Reader) -> None:
    """Accept files by their suffix, in letters of either case, and nothing else."""
    require(isinstance(reader.suffixes, tuple), "suffixes is not a tuple; a single entry needs a comma behind it")
    require(reader.suffixes, "it names no suffixes")
    for suffix in reader.suffixes:
        require(suffix and suffix.islower(), f"suffix {suffix!r} is not in lower-case letters")
        for name in (f"data{suffix}", f"DATA{suffix.upper()}", f"a.b{suffix}"):
            require(reader.accepts(Path(name)), f"it does not accept {name}")
    require(not reader.accepts(Path("data.nobody-reads-this")), "it accepts a file with an unknown suffix")


def accepts_no_empty_folder(reader: Reader) -> None:
    """Accept no folder in which there is nothing for it."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "notes.nobody-reads-this").write_text("nothing", encoding="utf-8")
        require(not reader.accepts(Path(folder)), "it accepts a folder without data")


def refuses_a_missing_file(reader: Reader) -> None:
    """Raise DataError with the name of a file that does not exist, and a hint."""
    _refuses(reader, None)


def refuses_an_empty_file(reader: Reader) -> None:
    """Raise DataError with the name of an empty file, and a hint."""
    _refuses(reader, b"")


def refuses_garbage(reader: Reader) -> None:
    """Raise DataError with the name of a file of random bytes and a hint, or take the bytes for samples."""
    _refuses(reader, np.random.default_rng(0).bytes(5001), must=False)


def _refuses(reader: Reader, content: bytes | None, *, must: bool = True) -> None:
    require_installed("reader", reader)
    for suffix in reader.suffixes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"damaged{suffix}"
            if content is not None:
                path.write_bytes(content)
            _raises_data_error(reader, path, must=must)


def _raises_data_error(reader: Reader, path: Path, *, must: bool) -> None:
    """Require that reading every sample at ``path`` raises DataError or, unless it ``must``, nothing."""
    try:
        check(reader.read(path))
    except DataError as error:
        require(path.name in str(error), f"the message does not name the file: {error}")
        require(error.hint, f"there is no hint with the message: {error}")
    except Warning:  # where warnings are errors
        pass
    except Exception as error:  # noqa: BLE001  every other exception is the fault looked for
        require(False, f"{path.name}: it raises {type(error).__name__}, not DataError: {error}")
    else:
        require(not must, f"{path.name}: it reads a file that is damaged")


def survives_truncation(reader: Reader, files: Files = _NONE) -> None:
    """Raise nothing but DataError, with the name of the file and a hint, on files that were cut off."""
    paths = [path for path, _, _ in _given(reader, files).values() if path.is_file()]
    if not paths:
        raise CannotRun("none of the sample data is a single file")
    for path in paths:
        content = path.read_bytes()
        for share in (0.1, 0.5, 0.95):
            with TemporaryDirectory() as folder:
                cut = Path(folder) / path.name
                cut.write_bytes(content[: int(share * len(content))])
                _raises_data_error(reader, cut, must=False)


def gives_what_is_there(reader: Reader, files: Files = _NONE) -> None:
    """Give the samples and labels of the sample data, to 0.000001."""
    for name, (path, samples, labels) in _given(reader, files).items():
        data = reader.read(path)
        np.testing.assert_allclose(_all(data), samples, rtol=1e-6, atol=1e-6, err_msg=f"samples of {name!r}")
        np.testing.assert_array_equal(data.labels, labels, err_msg=f"labels of {name!r}")


def reads_any_batch(reader: Reader, files: Files = _NONE) -> None:
    """Give the same samples one by one, all at once, backwards and again."""
    for name, (path, samples, _) in _given(reader, files).items():
        data = reader.read(path)
        for size in (1, 2, len(samples)):
            parts = [part for _, part in data.batches(size)]
            np.testing.assert_array_equal(np.concatenate(parts), _all(data), err_msg=f"{name!r} in batches of {size}")
        back = data.take(np.arange(len(data))[::-1])
        np.testing.assert_array_equal(_all(back)[::-1], _all(data), err_msg=f"{name!r} backwards")
        np.testing.assert_array_equal(_all(reader.read(path)), _all(data), err_msg=f"{name!r} read again")


def adds_events_up(reader: Reader, files: Files = _NONE) -> None:
    """Give events within the time of their sample, whose values add up to it."""
    timed = {name: reader.read(path) for name, (path, _, _) in _given(reader, files).items()}
    timed = {name: data for name, data in timed.items() if data.timed}
    if not timed:
        raise DoesNotApply("its samples are not made of events")
    for name, data in timed.items():
        for place, events in enumerate(data.events(0, len(data))):
            require(
                len(events.time) == 0 or 0 <= events.time.min() <= events.time.max() < events.ticks,
                f"{name!r}: an event of sample {place} is outside of its {events.ticks} ticks",
            )
            np.testing.assert_allclose(
                events.dense(data.shape),
                data.part(place, place + 1)[0],
                rtol=0,
                atol=1e-6,
                err_msg=f"events of {name!r}",
            )


def leaves_files_alone(reader: Reader, files: Files = _NONE) -> None:
    """Change nothing in the files that it reads."""
    for name, (path, _, _) in _given(reader, files).items():
        inner = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        before = [file.read_bytes() for file in inner]
        _all(reader.read(path))
        require([file.read_bytes() for file in inner] == before, f"{name!r}: a file is another after it was read")


def _all(data: Dataset) -> npt.NDArray[Any]:
    return np.asarray(data.samples, np.float32)


def _given(reader: Reader, files: Files) -> Files:
    if not files:
        raise CannotRun("no sample data are given; they come with the reader's own tests")
    require_installed("reader", reader)
    return files
