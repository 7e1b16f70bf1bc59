"""The emulator's kernels: Loihi's integers, a sample at a time, every bit as `chip` says."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numba
import numpy as np

_FORGETS = 4096
_WRAP = 2**24
_HALF = 2**23


@cache
def kernels() -> tuple[Callable[..., Any], Callable[..., None]]:
    """Return `_run` and `_arrange`, compiled once on a machine."""
    return _compiled(_run), _compiled(_arrange)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return cast("Callable[..., Any]", numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache folder can be written
        return cast("Callable[..., Any]", numba.njit(nogil=True)(function))


def _run(  # noqa: C901, PLR0912, PLR0915  one loop nest, which the compiler is to see whole
    starts: Any,  # (groups + 1,) where each group's neurons begin
    threshold: Any,  # (groups,) voltages
    subtracts: Any,  # (groups,) voltages; 0 resets to zero
    current_decay: Any,  # (groups,) and 1
    voltage_decay: Any,  # (groups,)
    simple: Any,  # (groups,) whether currents forget at once and cannot wrap around, and voltages do not leak
    pause: Any,  # (groups,) steps after a spike in which the voltage is 0
    initial: Any,  # (neurons,) voltages
    bias: Any,  # (neurons,) voltages
    drive_place: Any,  # (groups,) column of the drive where it begins, or -1
    drive: Any,  # (steps or 1, columns) voltages
    entry: Any,  # (steps, inputs) of 0 and 1; there may be no inputs
    ways: Any,  # (ways, 6): source group or -1, target group, is it a matrix, place of rows, of weights, columns
    rows: Any,  # where the synapses of each element begin, all lists one after the other
    posts: Any,  # targets of the synapses of lists
    weights: Any,  # of lists, beside posts; of matrices, row by row
    kept: Any,  # (groups,) column of the voltages where it begins, or -1
    voltages: Any,  # (steps, columns) out
    counts: Any,  # (steps, groups) out: spikes
    saturated: Any,  # (groups,) out
    wrapped: Any,  # (groups,) out
) -> Any:
    """Run one sample, and return the numbers of the neurons that fire: step by step, and in each group by group."""
    groups = len(starts) - 1
    steps, inputs = entry.shape
    voltage = initial.copy()
    current = np.zeros(starts[groups], np.int32)
    total = np.zeros(starts[groups], np.int32)
    wait = np.zeros(starts[groups], np.int32)
    fired = np.empty(1024, np.int32)  # all so far
    first = np.zeros(groups + 1, np.int64)  # where those of each group begin, in this step
    sources = np.empty(inputs + 1, np.int32)
    count = 0
    for step in range(steps):
        came = 0
        for element in range(inputs):
            if entry[step, element]:
                sources[came] = element
                came += 1
        total[:] = 0
        row = step if drive.shape[0] > 1 else 0
        for group in range(groups):
            begin, size = starts[group], starts[group + 1] - starts[group]
            own = total[begin : begin + size]
            for way in range(ways.shape[0]):
                if ways[way, 1] != group:
                    continue
                source = ways[way, 0]
                low, high = (0, came) if source < 0 else (first[source], first[source + 1])
                for place in range(low, high):
                    element = sources[place] if source < 0 else fired[place]
                    if ways[way, 2]:
                        base = ways[way, 4] + element * ways[way, 5]
                        line = weights[base : base + size]
                        for post in range(size):
                            own[post] += line[post]
                    else:
                        at, shift = ways[way, 3] + element, ways[way, 4]
                        for synapse in range(shift + rows[at], shift + rows[at + 1]):
                            own[posts[synapse]] += weights[synapse]
            volts = voltage[begin : begin + size]
            fixed = bias[begin : begin + size]
            if simple[group]:
                for neuron in range(size):  # without branches, so that it is done for many at once
                    own[neuron] = ((((own[neuron] << 6) + _HALF - 1) & (_WRAP - 1)) - _HALF + 1) + fixed[neuron]
                for neuron in range(size):
                    own[neuron] += volts[neuron]
            else:
                decay = _FORGETS - voltage_decay[group]
                for neuron in range(size):
                    before = np.int64(current[begin + neuron]) * (_FORGETS - current_decay[group])
                    u: Any = (np.int64(own[neuron]) << 6) + (
                        before // _FORGETS if before >= 0 else -(-before // _FORGETS)
                    )
                    wrapped[group] += u > _HALF or u <= -_HALF
                    u = ((u + _HALF - 1) & (_WRAP - 1)) - _HALF + 1
                    current[begin + neuron] = u
                    before = np.int64(volts[neuron]) * decay
                    v: Any = before // _FORGETS if before >= 0 else -(-before // _FORGETS)
                    own[neuron] = v + u + fixed[neuron]
            if drive_place[group] >= 0:
                given = drive[row, drive_place[group] : drive_place[group] + size]
                for neuron in range(size):
                    own[neuron] += given[neuron]
            over = 0
            for neuron in range(size):
                v = own[neuron]
                over += v > _HALF - 1 or v < 1 - _HALF
                volts[neuron] = min(max(v, 1 - _HALF), _HALF - 1)
            saturated[group] += over
            if pause[group]:
                for neuron in range(size):
                    if wait[begin + neuron]:
                        wait[begin + neuron] -= 1
                        volts[neuron] = 0
            first[group] = count
            if count + size > len(fired):
                longer = np.empty(2 * (count + size), np.int32)
                longer[:count] = fired[:count]
                fired = longer
            for neuron in range(size):
                if volts[neuron] > threshold[group]:
                    fired[count] = neuron
                    count += 1
            for place in range(first[group], count):
                neuron = fired[place]
                volts[neuron] = volts[neuron] - subtracts[group] if subtracts[group] else 0
                wait[begin + neuron] = pause[group]
            first[group + 1] = count
            counts[step, group] = count - first[group]
            if kept[group] >= 0:
                voltages[step, kept[group] : kept[group] + size] = volts
    return fired[:count].copy()


def _arrange(fired: Any, begins: Any, counts: Any, group: int, found: Any) -> None:
    """Put the spikes of one group in order of step and sample.

    ``fired`` are those of all samples, one after the other; ``begins``, (batch, steps, groups), where those of a step
    and group begin, and ``counts`` how many they are; ``found`` is what they are put into.
    """
    place = 0
    for step in range(counts.shape[1]):
        for sample in range(counts.shape[0]):
            begin = begins[sample, step, group]
            for offset in range(counts[sample, step, group]):
                found[place] = fired[begin + offset]
                place += 1
