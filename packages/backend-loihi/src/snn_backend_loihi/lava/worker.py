"""The process of Lava: builds a network of its processes once, and presents samples one after the other."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.sink import Read
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from snn.processes.serving import Report, serve

from .orders import Answer, Build, Bundle, Group, Present
from .processes.recorder import Recorder
from .processes.soft_reset import SoftResetLIF


class Network:
    """Processes of Lava for one batch, compiled when the first sample is run.

    What a source fires is given to it when it is made: to set that later takes seconds a sample, as Lava sends arrays
    number by number.
    """

    def __init__(self, build: Build, order: Present) -> None:
        self._build, self._order = build, order
        self._last = build.steps + max(group.depth for group in build.groups.values())
        self._batch = order.spikes.shape[1]
        self._groups = {name: _group(group) for name, group in build.groups.items()}
        self._first = next(iter(self._groups.values()))
        self._entry: Any = self._source() if build.entry else None
        self._bundles = [self._connected(bundle) for bundle in build.bundles]
        self._sinks = {name: self._sink(name) for name in build.groups}
        self._readers = {name: self._reader(name) for name, group in build.groups.items() if group.read}

    def run(self, report: Report) -> Answer:
        """Run all samples, one after the other."""
        try:
            for sample in range(self._batch):
                self._run(sample)
                report("simulate", sample + 1, self._batch)
            fired = {name: self._seen(name, self._fired(name)) for name in self._sinks}
            volts = {name: np.moveaxis(np.asarray(sink.data.get()), -1, 0) for name, sink in self._readers.items()}
            return Answer(fired, {name: self._seen(name, found.astype(np.int32)) for name, found in volts.items()})
        finally:
            self._first.stop()

    def _source(self) -> Any:
        spikes = self._order.spikes
        data = np.zeros((*self._build.inputs, self._batch, self._last), np.int32)
        data[..., : len(spikes)] = np.moveaxis(spikes, (0, 1), (-1, -2))
        return Source(data=data.reshape(*self._build.inputs, -1))

    def _seen(self, name: str, kept: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what a group did, (steps, batch, *shape), from the step on in which it begins; all is ``kept``."""
        group = self._build.groups[name]
        kept = kept.reshape(self._batch, self._last, *group.shape)[:, group.depth : group.depth + self._build.steps]
        return np.ascontiguousarray(kept.swapaxes(0, 1))

    def _fired(self, name: str) -> npt.NDArray[np.uint8]:
        path = Path(self._sinks[name])
        fired: npt.NDArray[np.uint8] = np.load(path, allow_pickle=False)
        path.unlink()
        return fired

    def _connected(self, bundle: Bundle) -> Any:
        process = _bundle(bundle, self._shape(bundle.source))
        source = self._entry if bundle.source == self._build.entry else self._groups[bundle.source]
        out = source.s_out if bundle.groups else source.s_out.reshape(process.s_in.shape)
        out.connect(process.s_in)
        target = self._groups[bundle.target]
        (process.a_out if bundle.groups else process.a_out.reshape(target.a_in.shape)).connect(target.a_in)
        return process

    def _shape(self, name: str) -> tuple[int, ...]:
        return self._build.inputs if name == self._build.entry else self._build.groups[name].shape

    def _sink(self, name: str) -> str:
        """Have spikes kept, and return the file that they come to be in."""
        path = f"spikes-{list(self._groups).index(name)}.npy"
        recorder = Recorder(shape=self._build.groups[name].shape, steps=self._last * self._batch, path=path)
        self._groups[name].s_out.connect(recorder.a_in)
        return path

    def _reader(self, name: str) -> Any:
        reader = Read(buffer=self._last * self._batch)
        reader.connect_var(self._groups[name].v)
        return reader

    def _run(self, sample: int) -> None:
        """Run one sample from rest; each group begins in the step that it is deep."""
        self._rest()
        step = 0
        for stop in self._stops():
            self._begin(step, sample)
            if self._first.runtime is None:
                self._first.create_runtime(run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            self._first.run(condition=RunSteps(num_steps=stop - step))
            step = stop

    def _stops(self) -> list[int]:
        """Return the steps before which there is something to do, and the last."""
        if any(values.shape[1] > 1 for values in self._order.mantissa.values()):
            return list(range(1, self._last + 1))
        depths = {group.depth for group in self._build.groups.values()} - {0}
        return [*sorted(depths), self._last]

    def _begin(self, step: int, sample: int) -> None:
        """Give groups that begin in ``step`` their voltages and biases, and those whose biases change the next ones."""
        order = self._order
        for name, group in self._build.groups.items():
            at = step - group.depth
            mantissa, exponent = group.bias_mantissa, group.bias_exponent
            changes = at == 0
            if name in order.mantissa and 0 <= at < self._build.steps:
                rows = order.mantissa[name].shape[1]
                changes = changes or rows > 1
                row = at if rows > 1 else 0
                mantissa, exponent = order.mantissa[name][sample, row], order.exponent[name][sample, row]
            if at == 0:
                self._set(self._groups[name].v, group.initial)
            if changes:
                self._set(self._groups[name].bias_mant, mantissa)
                self._set(self._groups[name].bias_exp, exponent)

    def _rest(self) -> None:
        for name, process in self._groups.items():
            nothing = np.zeros(self._build.groups[name].shape, np.int32)
            for variable in (process.u, process.v, process.bias_mant):
                self._set(variable, nothing)
        for process in self._bundles:
            buffer = process.a_buf if hasattr(process, "a_buf") else process.a_buff
            self._set(buffer, np.zeros(buffer.shape, np.int32))

    def _set(self, variable: Any, value: npt.NDArray[Any]) -> None:
        if self._first.runtime is None:
            variable.init = value  # before it is compiled
        else:
            variable.set(value)


def _group(group: Group) -> Any:
    kind = SoftResetLIF if group.soft else LIF
    return kind(
        shape=group.shape,
        du=group.current_decay,
        dv=group.voltage_decay,
        vth=group.threshold,
        bias_mant=np.zeros(group.shape, np.int32),
        bias_exp=group.bias_exponent,
    )


def _bundle(bundle: Bundle, shape: tuple[int, ...]) -> Any:
    if bundle.groups:
        return Conv(
            weight=bundle.weight << bundle.exponent,  # its integers know no exponent
            input_shape=shape,
            stride=bundle.stride,
            padding=bundle.padding,
            dilation=bundle.dilation,
            groups=bundle.groups,
        )
    if bundle.delay > 1:
        return DelayDense(weights=bundle.weight, delays=bundle.delay - 1, weight_exp=bundle.exponent)
    return Dense(weights=bundle.weight, weight_exp=bundle.exponent)


def main() -> None:
    """Answer until nobody asks any more."""
    logging.getLogger().setLevel(logging.INFO)  # below, Lava is silent about what has failed
    builds: list[Build] = []

    def answer(word: str, value: Any, report: Report) -> Any:
        if word == "build":
            builds.append(value)
            return None
        return Network(builds[0], value).run(report)

    serve(answer)


if __name__ == "__main__":
    main()
