"""The sizes of windows, which Caffe takes as one number, as one an axis, or as a height and a width."""

from __future__ import annotations

from snn.errors import ParseError
from snn.network import Shape

from snn_frontend_caffe.options import Options
from snn_frontend_caffe.scope import Scope, Value


def spatial(scope: Scope) -> Value:
    """Return the only input, which must be a map of one or two spatial axes."""
    x = scope.input
    if len(x.shape) < 2:
        raise ParseError(f"{scope.where} works on maps; its input has shape {x.shape}")
    return x


def sizes(
    options: Options, key: str, count: int, default: int | None, low: int, short: str = "", *, repeated: bool = True
) -> Shape:
    """Return ``count`` sizes: those of ``key``, one for all or one an axis, or ``short``_h and ``short``_w.

    Where there is a default, one of the latter may be left out of a ``repeated`` field, as in Caffe's convolutions.
    """
    short = short or key
    given = options.wholes(key, low)
    apart = [f"{short}_h", f"{short}_w"]
    if any(name in options for name in apart):
        optional = default == 0 and repeated
        if given or count != 2 or not (optional or all(name in options for name in apart)):
            raise ParseError(f"{options.where}: give {key}, or both {short}_h and {short}_w, which are of two axes")
        return tuple(options.whole(name, default if optional else None, low) for name in apart)
    if not given:
        if default is None:
            raise ParseError(f"{options.where} has no {key}")
        return (default,) * count
    if len(given) not in ((1, count) if repeated else (1,)):
        raise ParseError(f"{options.where}: {key} has {len(given)} numbers; there are {count} spatial axes")
    return given * count if len(given) == 1 else given
