"""Which file holds the weights of a network: one that is named, or the one beside the prototxt."""

from __future__ import annotations

from pathlib import Path

from snn.errors import ParseError

from .telling import listed

SUFFIXES = (".caffemodel", ".caffemodel.h5")
_NAME = "--set frontend.caffe.weights=FILE"


def find_weights(prototxt: Path, named: str = "") -> Path:
    """Return the file with the weights for ``prototxt``.

    That is the file ``named``; else STEM.caffemodel or STEM.caffemodel.h5; else the only file that begins with STEM and
    ends so; else the only one in the folder that ends so.

    Raises
    ------
    ParseError
        There is no such file, or there are several; all are listed.
    """
    if named:
        return find(prototxt, named, "weights")
    try:
        beside = sorted(path for path in prototxt.absolute().parent.iterdir() if _holds_weights(path))
    except OSError as error:
        raise ParseError(f"its folder cannot be read: {error.strerror or error}", hint=f"name it: {_NAME}") from error
    own = [path for path in beside if path.name in {prototxt.stem + suffix for suffix in SUFFIXES}]
    similar = [path for path in beside if path.name.startswith(prototxt.stem)]
    found = own or similar or beside
    if not found:
        raise ParseError(
            f"there are no weights for it: no {prototxt.stem}.caffemodel, and no other .caffemodel, in its folder",
            hint=f"put the .caffemodel or .caffemodel.h5 beside it, or name it: {_NAME}",
        )
    if len(found) > 1:
        told = listed(path.name for path in found)
        raise ParseError(f"several files may be its weights: {told}", hint=f"name one: {_NAME}")
    return found[0]


def find(prototxt: Path, named: str, what: str) -> Path:
    """Return the file ``named``, from the folder of ``prototxt`` on or else from the working directory."""
    places = (prototxt.absolute().parent / named, Path(named).absolute())
    try:
        found = next((place for place in places if place.exists()), None)
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        raise ParseError(f"its {what}, {named!r:.200}, cannot be found: {error}") from error
    if found is None:
        told = " and no ".join(dict.fromkeys(map(str, places)))
        raise ParseError(f"its {what}: there is no {told}", hint="paths are from the folder of the prototxt on")
    return found


def _holds_weights(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES) and path.is_file()
