"""What a frontend promises of the models that it reads, and of files that are none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import analog, fitting, storage
from ..dataset import UNKNOWN, Dataset
from ..errors import ParseError
from ..neurons import Neuron
from ..parsing import Frontend
from .outcome import CannotRun, DoesNotApply, require, require_installed

Models: TypeAlias = Mapping[str, tuple[Any, npt.NDArray[Any], npt.NDArray[Any]]]
"""By name: a path or a live model, inputs (n, *shape) and the outputs of the framework, (n, classes)."""

_NONE: Models = {}
_TOLERANCE = 1e-4


def accepts_its_suffixes(frontend: Frontend) -> None:
    """Accept files by their suffix, in letters of either case, and nothing else."""
    require(isinstance(frontend.suffixes, tuple), "suffixes is not a tuple; a single entry needs a comma behind it")
    for suffix in _suffixes(frontend):
        require(suffix.startswith(".") and suffix.islower(), f"suffix {suffix!r} is not a dot and lower-case letters")
        for name in (f"model{suffix}", f"MODEL{suffix.upper()}", f"a.b{suffix}"):
            require(frontend.accepts(Path(name)), f"it does not accept {name}")
    require(not frontend.accepts(Path("model.nobody-reads-this")), "it accepts a file with an unknown suffix")
    require(not frontend.accepts(object()), "it accepts any object")


def _suffixes(frontend: Frontend) -> tuple[str, ...]:
    if not frontend.suffixes:
        raise DoesNotApply("it reads no files")
    return frontend.suffixes


def refuses_a_missing_file(frontend: Frontend) -> None:
    """Raise ParseError with the name of a file that does not exist, and a hint."""
    _refuses(frontend, None)


def refuses_an_empty_file(frontend: Frontend) -> None:
    """Raise ParseError with the name of an empty file, and a hint."""
    _refuses(frontend, b"")


def refuses_garbage(frontend: Frontend) -> None:
    """Raise ParseError with the name of a file of random bytes, and a hint."""
    _refuses(frontend, np.random.default_rng(0).bytes(5000))


def _refuses(frontend: Frontend, content: bytes | None) -> None:
    suffixes = _suffixes(frontend)
    require_installed("frontend", frontend)
    for suffix in suffixes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"damaged{suffix}"
            if content is not None:
                path.write_bytes(content)
            _raises_parse_error(frontend, path)


def refuses_a_truncated_model(frontend: Frontend, models: Models = _NONE) -> None:
    """Raise ParseError with the name of a model file that was cut off, and a hint."""
    files = [source for source, _, _ in _given(frontend, models).values() if isinstance(source, Path)]
    if not [path for path in files if path.is_file()]:
        raise CannotRun("none of the sample models is a file")
    for path in files:
        content = path.read_bytes()
        for share in (0.5, 0.95):
            with TemporaryDirectory() as folder:
                cut = Path(folder) / path.name
                cut.write_bytes(content[: int(share * len(content))])
                _raises_parse_error(frontend, cut)


def _raises_parse_error(frontend: Frontend, path: Path) -> None:
    try:
        frontend.parse(path)
    except ParseError as error:
        require(path.name in str(error), f"the message does not name the file: {error}")
        require(error.hint, f"there is no hint with the message: {error}")
    except Exception as error:  # noqa: BLE001  every other exception is the fault looked for
        require(False, f"{path.name}: it raises {type(error).__name__}, not ParseError: {error}")
    else:
        require(False, f"{path.name}: it reads a file that is damaged")


def computes_what_the_framework_does(frontend: Frontend, models: Models = _NONE) -> None:
    """Give networks whose outputs are those of the framework, to 0.0001."""
    for name, (source, inputs, outputs) in _given(frontend, models).items():
        network = frontend.parse(source)
        samples = fitting.fit(Dataset(inputs, np.full(len(inputs), UNKNOWN)), network).samples
        found = analog.evaluate(network, np.asarray(samples, np.float32))[network.output.name]
        expected = np.asarray(outputs).reshape(len(inputs), -1)
        np.testing.assert_allclose(
            found.reshape(len(inputs), -1), expected, rtol=_TOLERANCE, atol=_TOLERANCE, err_msg=f"outputs of {name!r}"
        )


def gives_what_it_read(frontend: Frontend, models: Models = _NONE) -> None:
    """Give a network of stage ``parsed``, without neurons, whose provenance says where it comes from."""
    for name, (source, _, _) in _given(frontend, models).items():
        network = frontend.parse(source)
        require(network.stage == "parsed", f"{name!r}: the stage is {network.stage}, not parsed")
        neurons = [layer.name for layer in network.layers if isinstance(layer, Neuron)]
        require(not neurons, f"{name!r}: layers {neurons} are neurons")
        require(network.provenance, f"{name!r}: the provenance is empty")


def reads_the_same_twice(frontend: Frontend, models: Models = _NONE) -> None:
    """Give the same network each time."""
    for name, (source, _, _) in _given(frontend, models).items():
        first, second = (storage.digest(frontend.parse(source)) for _ in range(2))
        require(first == second, f"{name!r}: the second network differs from the first")


def leaves_the_source_alone(frontend: Frontend, models: Models = _NONE) -> None:
    """Change nothing in a model file."""
    for name, (source, _, _) in _given(frontend, models).items():
        if isinstance(source, Path) and source.is_file():
            before = source.read_bytes()
            frontend.parse(source)
            require(source.read_bytes() == before, f"{name!r}: {source} is another file after it was read")


def _given(frontend: Frontend, models: Models) -> Models:
    if not models:
        raise CannotRun("no sample models are given; they come with the frontend's own tests")
    require_installed("frontend", frontend)
    return models
