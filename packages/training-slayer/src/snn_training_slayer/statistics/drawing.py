"""Draw values over epochs; Matplotlib is imported when something is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snn.errors import OutputError, SettingsError


def draw(number: int, name: str, series: Mapping[str, Sequence[float | None]]) -> None:
    """Draw each of ``series``, a value an epoch or none, into pyplot's figure ``number``, in place of what it holds."""
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415  an extra of the package
    except ImportError as error:
        raise SettingsError("Matplotlib is needed to plot", hint="pip install matplotlib") from error
    figure = plt.figure(number)
    figure.clf()
    axes = figure.add_subplot()
    for label, values in series.items():
        there = [(epoch, value) for epoch, value in enumerate(values) if value is not None]
        if there:
            axes.plot(*zip(*there, strict=True), label=label)
            axes.legend()
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)


def save_figure(number: int, path: str) -> None:
    """Write pyplot's figure ``number`` as a PNG; raise OutputError where that fails."""
    from matplotlib import pyplot as plt  # noqa: PLC0415  as above

    try:
        plt.figure(number).savefig(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
