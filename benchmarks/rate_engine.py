"""Measure the rate engine against as many analog passes as it simulates steps, in one run: see README.md."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.layers import AvgPool, Conv, Dense, Flatten, Input
from snn.network import Array, Layer, Network
from snn.neurons import Accumulate, IntegrateFire
from snn.simulating import Setup
from snn_backend_inisim.backend import IniSim

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parents[1] / "shared" / "reference" / "golden"
FIXTURE = HERE.parent / "packages" / "backend-inisim" / "tests" / "golden" / "ancestor.npz"
SCALES = (1.0, 2.3927802729606755, 9.268087946891818, 21.562338832855282)  # of the input and of the three layers
ROUNDING = np.float32(0.5)  # the potential at rest


def main() -> None:
    """Run the measurement and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", default=sys.executable, help="a Python that has torch (default: this one)")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batches", type=int, nargs="+", default=[100, 1], help="batch sizes")
    parser.add_argument("--turns", type=int, default=9, help="the median of so many is given")
    parser.add_argument("--threads", type=int, default=0, help="0: one a processor")
    chosen = parser.parse_args()
    arrays, images = data()
    clock = Clock(duration_ms=chosen.steps, dt_ms=1)
    _say(f"golden CNN, {chosen.steps} steps of the rate engine, {chosen.steps} analog passes of torch; milliseconds")
    with IniSim(threads=chosen.threads).build(golden_network(arrays), Setup(clock=clock)) as simulator:
        for batch in chosen.batches:
            samples = np.resize(images, (batch, *images.shape[1:]))
            stimulus = ConstantCurrent(samples, np.arange(batch), clock)
            contenders: dict[str, Callable[[], float]] = {"engine": partial(_seconds, simulator.run, stimulus)}
            children = [Analog(chosen.torch, batch, chosen.steps, layout) for layout in ("nchw", "nhwc")]
            contenders |= {f"torch {child.layout}": child.seconds for child in children if child.works}
            report(batch, contenders, chosen.turns)
            for child in children:
                child.close()


def report(batch: int, contenders: Mapping[str, Callable[[], float]], turns: int) -> None:
    """Take turns, and write medians and the ratio to the fastest analog passes."""
    for seconds in contenders.values():
        seconds()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, seconds in contenders.items():
            times[name].append(1e3 * seconds())
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, each in times.items():
        _say(f"batch {batch:4d}  {name:11s} {medians[name]:9.2f}  ({min(each):.2f} to {max(each):.2f})")
    analog = [value for name, value in medians.items() if name != "engine"]
    if analog:
        _say(f"batch {batch:4d}  engine / torch  {medians['engine'] / min(analog):.2f}  (at most 2 is wanted)")
    else:
        _say("torch is not there: give a Python that has it with --torch")


class Analog:
    """Analog passes in torch, in a process of their own: its threads and allocator are no part of the engine's."""

    def __init__(self, python: str, batch: int, steps: int, layout: str) -> None:
        self.layout = layout
        command = [python, str(HERE / "torch_passes.py"), str(batch), str(steps), layout]
        self._process = subprocess.Popen(  # noqa: S603  the command is ours, the interpreter the user's
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.works = self._answer() == "ready"

    def seconds(self) -> float:
        """Return how long all passes take."""
        if self._process.stdin is None:
            raise RuntimeError("the process has no input")
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> str:
        return self._process.stdout.readline().strip() if self._process.stdout else ""


def data() -> tuple[Mapping[str, Array], Array]:
    """Return the weights by name, and the images, channels first."""
    if REFERENCE.is_dir():
        with np.load(REFERENCE / "weights_plain.npz") as weights, np.load(REFERENCE / "x_test.npz") as images:
            return dict(weights), np.ascontiguousarray(images["arr_0"].transpose(0, 3, 1, 2))
    with np.load(FIXTURE) as arrays:
        weights = {name.removeprefix("weights/"): array for name, array in arrays.items()}
        return weights, np.ascontiguousarray(weights["x"].transpose(0, 3, 1, 2))


def golden_network(arrays: Mapping[str, Array]) -> Network:
    """Return the golden CNN as a spiking network: percentile-normalised, with linear pools, read by potential."""
    layers: list[Layer] = [Input(name="input", shape=(1, 28, 28))]

    def put(kind: type[Layer], name: str, **fields: object) -> None:
        layers.append(kind(name=name, inputs=(layers[-1].name,), **fields))

    def scaled(name: str, position: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        before, after = SCALES[position - 1], SCALES[position]
        return arrays[f"{name}/kernel"] * np.float32(before / after), arrays[f"{name}/bias"] / np.float32(after)

    none = ((0, 0), (0, 0))
    for position, name in enumerate(("conv2d", "conv2d_1"), start=1):
        kernel, bias = scaled(name, position)
        weight = kernel.transpose(3, 2, 0, 1)
        put(Conv, name, weight=weight, bias=bias, stride=(1, 1), padding=none, dilation=(1, 1))
        put(IntegrateFire, f"{name}_fire", initial=np.full((), ROUNDING))
        put(AvgPool, f"{name}_pool", size=(2, 2), stride=(2, 2), padding=none)
    put(Flatten, "flat")
    kernel, bias = scaled("dense", 3)
    channels_first = kernel.reshape(5, 5, 32, 10).transpose(3, 2, 0, 1).reshape(10, -1)
    put(Dense, "dense", weight=channels_first, bias=bias)
    put(Accumulate, "output")
    return Network(tuple(layers), stage="spiking")


def _seconds(function: Callable[..., object], *arguments: object) -> float:
    started = perf_counter()
    function(*arguments)
    return perf_counter() - started


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
