"""Show events as they happen; Matplotlib is imported when something is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from snn.errors import SettingsError

from .event import Event

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

_COLOURS = np.array([[0.84, 0.15, 0.16], [0.12, 0.47, 0.71], [0.17, 0.63, 0.17], [1.0, 0.5, 0.05]])
_MOST_FRAMES = 100_000


def animate(
    events: Event,
    frame_rate: float = 24,
    pre_compute_frames: bool = True,
    repeat: bool = True,
    figure: Figure | None = None,
) -> FuncAnimation:
    """Return a film of ``events`` in real time; keep it, as Matplotlib stops one that nobody holds.

    Parameters
    ----------
    events : Event
        With rows, a frame is an image of the events since the one before, a colour a polarity; without, frames fill
        a raster of neurons over time.
    frame_rate : float
        Frames a second.
    pre_compute_frames : bool
        Of the original; frames are drawn when they are due.
    repeat : bool
        Begin again at the end.
    figure : Figure or None
        None for a new one of pyplot's.
    """
    if not frame_rate > 0:
        raise SettingsError(f"a film cannot have {frame_rate} frames a second", hint="24 are usual")
    if not len(events):
        raise SettingsError("there are no events to show", hint="show a recording that has some")
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415  an extra of the package
        from matplotlib.animation import FuncAnimation  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError("Matplotlib is needed to show events", hint="pip install matplotlib") from error
    frame_ms = 1000 / frame_rate
    start = float(events.t.min())
    frame_of = np.floor((events.t - start) / frame_ms)
    frames = frame_of.max() + 1
    if frames > _MOST_FRAMES:
        told = f"a film of {frames:.0f} frames is too long"
        raise SettingsError(told, hint="show a part of the events, or choose a lower frame_rate")
    figure = figure or plt.figure()
    axes = figure.add_subplot()
    axes.set_xlabel("x" if events.dim == 2 else "time (ms)")
    axes.set_ylabel("y" if events.dim == 2 else "neuron")
    colour = _COLOURS[events.p % len(_COLOURS)]
    horizontal, vertical = (events.t, events.x) if events.y is None else (events.x, events.y)
    axes.set_xlim(horizontal.min() - 0.5, horizontal.max() + 0.5)
    ends = vertical.min() - 0.5, vertical.max() + 0.5
    axes.set_ylim(*(ends if events.y is None else ends[::-1]))  # rows of an image go down
    points = axes.scatter([], [], s=8, marker="s")

    def draw(frame: int) -> tuple[Artist, ...]:
        seen = frame_of <= frame if events.y is None else frame_of == frame
        points.set_offsets(np.column_stack([horizontal[seen], vertical[seen]]))
        points.set_facecolor(list(map(tuple, colour[seen])))
        axes.set_title(f"{start + frame * frame_ms:.0f} ms")
        return (points,)

    return FuncAnimation(figure, draw, frames=int(frames), interval=frame_ms, repeat=repeat)


def show(events: Event, frame_rate: float = 24, pre_compute_frames: bool = True, repeat: bool = False) -> None:
    """Show a film of ``events`` in a window, till it is closed.

    Frames are drawn when they are due, whatever ``pre_compute_frames``, which the original had, says.
    """
    film = animate(events, frame_rate, repeat=repeat)
    from matplotlib import pyplot as plt  # noqa: PLC0415  an extra of the package, as above

    plt.show()
    del film  # it had to be held while it was shown
