"""What a step of training costs: forward and backward through 700-256-256-20, 100 time steps, a batch of 32.

    python benchmarks/training.py [--repetitions 40] [--rows NAME ...] [--json FILE]

Input spikes are random, 5 % of all, and the gradient of the output is given. Times are those of the processor, at one
thread: the least and the median over repetitions in which all rows take turns. The yardstick is the matrix products
alone: three forward, three for the gradients of the weights, two for those of the hidden spikes. No row has an
optimiser, or the gradient of the input. Bytes are what autograd keeps for the backward pass, but for weights and input,
by neurons and steps. Rows of ours use the gradient ``recursion``. Each rival has the way of its own in which it took
least, with the neuron that is nearest: a leak in voltage alone in ``LIF`` rows, in current too in the others.

======================  ===============================================================================================
lava-dl, CUBA           its dense blocks without delay, normalisation of weights, or learnt decays, (B, N, T) in memory,
                        which is what its loops and products take; integers of 64 bits are its only way on processors
snnTorch, LIF and CUBA  all steps of a layer's weights in one product, then its cells in a loop; ``fast_sigmoid``, which
                        takes as long as its default, and its default reset, which takes as long as the one to zero
SpikingJelly, LIF       multi-step, one product a layer, the reset detached as ours is; its default surrogate. Whether
                        the input decays, and which reset it is, makes no difference
norse, CUBA             one product a layer, and ``LIFCell`` in a loop, which takes less than its module ``LIF``
======================  ===============================================================================================

Like the other benchmarks it has the allocator keep freed memory (benchmarks/README.md), by starting itself again.

A rival that cannot be imported is left out. All of them, on Python 3.11:

    python -m venv rivals
    rivals/bin/pip install torch==2.13.0 numba scipy h5py matplotlib networkx loguru tqdm pyyaml
    rivals/bin/pip install --no-deps snntorch norse nir nirtorch spikingjelly
    rivals/bin/pip install --no-deps --ignore-requires-python lava-nc==0.10.0 lava-dl==0.6.0
    rivals/bin/pip install --no-deps packages/core packages/training-slayer
    rivals/bin/python benchmarks/training.py

without their dependencies, since they replace this PyTorch by one for graphics cards. What they import of torchvision
and OpenCV without need is replaced by empty modules.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import statistics
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from snn_training_slayer.current_based import fire
from snn_training_slayer.neurons import CurrentBased, SpikeResponse
from snn_training_slayer.response import respond
from torch import Tensor
from torch.nn import functional

SIZES = (700, 256, 256, 20)
STEPS, BATCH, RATE = 100, 32, 0.05
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "1000000000"}
FOREIGN = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

Step = Callable[[], Any]
Neurons = Callable[[Tensor], Tensor]

FLOAT = CurrentBased(1.0, 0.25, 0.03, tau_surrogate=1.0, integer=False)
INTEGER = CurrentBased(80, 1024, 128)
RESPONSE = SpikeResponse(10, 4, 4, 2, 1, 1)


def task() -> tuple[Tensor, list[Tensor], Tensor]:
    """Return input spikes (T, B, I), weights with which all layers fire, and the gradient of the output (T, B, O)."""
    draw = torch.Generator().manual_seed(1)
    spikes = (torch.rand(STEPS, BATCH, SIZES[0], generator=draw) < RATE).float()
    weights = [torch.randn(out, into, generator=draw) / into**0.5 for into, out in pairwise(SIZES)]
    return spikes, weights, torch.randn(STEPS, BATCH, SIZES[-1], generator=draw)


def products() -> Step:
    """Return the matrix products alone."""
    spikes, weights, by_output = task()
    inputs = [spikes.flatten(0, 1)]
    inputs += [(torch.rand(STEPS * BATCH, size) < RATE).float() for size in SIZES[1:-1]]
    gradients = [torch.randn(STEPS * BATCH, size) for size in SIZES[1:-1]] + [by_output.flatten(0, 1)]

    def step() -> None:
        for x, weight in zip(inputs, weights, strict=True):
            functional.linear(x, weight)
        for i in (2, 1, 0):
            gradients[i].t() @ inputs[i]
            if i:
                gradients[i] @ weights[i]

    return step


def layered(neurons: Neurons, scale: float) -> Step:
    """Return a step of dense layers, each all at once, with these neurons between them; tensors are (T, B, N)."""
    spikes, weights, by_output = task()
    learnt = [(weight * scale).requires_grad_() for weight in weights]

    def step() -> Tensor:
        x = spikes
        for weight in learnt:
            x = neurons(functional.linear(x, weight))
            weight.grad = None
        x.backward(by_output)
        return x

    return step


def ours(neuron: CurrentBased | SpikeResponse, scale: float, compiled: bool) -> Callable[[], Step]:
    """Return the maker of a step with our neurons."""
    if isinstance(neuron, SpikeResponse):
        return lambda: layered(lambda z: respond(z, neuron, compiled=compiled), scale)
    return lambda: layered(lambda z: fire(z, neuron, gradient="recursion", compiled=compiled), scale)


def snntorch(kind: str) -> Step:
    """Return snnTorch's ``Leaky`` or ``Synaptic``, a loop over steps behind each product."""
    import snntorch as snn  # noqa: PLC0415  a rival

    surrogate = snn.surrogate.fast_sigmoid()
    synaptic = kind == "Synaptic"
    cell = snn.Synaptic(0.75, 0.97, spike_grad=surrogate) if synaptic else snn.Leaky(0.97, spike_grad=surrogate)

    def neurons(z: Tensor) -> Tensor:
        out, state = [], [torch.zeros_like(z[0]) for _ in range(2 if synaptic else 1)]
        for now in z.unbind():
            spike, *state = cell(now, *state)
            out.append(spike)
        return torch.stack(out)

    return layered(neurons, 3)


def spikingjelly() -> Step:
    """Return SpikingJelly's ``LIFNode``, all steps of a layer in one call."""
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    node = neuron.LIFNode(tau=2.0, step_mode="m", detach_reset=True)

    def neurons(z: Tensor) -> Tensor:
        node.reset()
        return node(z)

    return layered(neurons, 15)


def norse() -> Step:
    """Return norse's ``LIFCell``, current-based, a loop over steps behind each product."""
    cell = importlib.import_module("norse.torch").LIFCell()

    def neurons(z: Tensor) -> Tensor:
        out, state = [], None
        for now in z.unbind():
            spike, state = cell(now, state)
            out.append(spike)
        return torch.stack(out)

    return layered(neurons, 30)


def lava_dl() -> Step:
    """Return lava-dl's current-based dense blocks; tensors are (B, N, T)."""
    block = importlib.import_module("lava.lib.dl.slayer").block.cuba
    parameters = {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.03, "scale_grad": 1.0}
    made = (block.Dense(parameters, into, out, weight_scale=3) for into, out in pairwise(SIZES))
    blocks = torch.nn.Sequential(*made)
    spikes, _, by_output = task()
    x, by_x = (each.permute(1, 2, 0).contiguous() for each in (spikes, by_output))

    def step() -> Tensor:
        blocks.zero_grad()
        out = blocks(x)
        out.backward(by_x)
        return out

    return step


PRODUCTS = "matrix products alone"
ROWS: dict[str, Callable[[], Step]] = {
    PRODUCTS: products,
    "ours, CUBA, float, numba": ours(FLOAT, 3, compiled=True),
    "ours, CUBA, integer, numba": ours(INTEGER, 200, compiled=True),
    "ours, SRM, numba": ours(RESPONSE, 30, compiled=True),
    "ours, CUBA, float, PyTorch": ours(FLOAT, 3, compiled=False),
    "ours, CUBA, integer, PyTorch": ours(INTEGER, 200, compiled=False),
    "ours, SRM, PyTorch": ours(RESPONSE, 30, compiled=False),
    "lava-dl, CUBA": lava_dl,
    "snnTorch, LIF": lambda: snntorch("Leaky"),
    "snnTorch, CUBA": lambda: snntorch("Synaptic"),
    "SpikingJelly, LIF": spikingjelly,
    "norse, CUBA": norse,
}


class _Empty(types.ModuleType):
    """A module in which every name is an empty class."""

    __path__: tuple[str, ...] = ()
    __all__: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextmanager
def imports_of_rivals() -> Iterator[None]:
    """Let rivals be imported beside this PyTorch and Python: see the module's docstring."""
    names = ("cv2", "torchvision", "torchvision.datasets", "torchvision.datasets.utils", "torchvision.ops")
    names += ("torchvision.transforms", "torchvision.transforms.functional", "torchvision.utils", "torchaudio")
    absent = {name: _Empty(name) for name in names if name.split(".")[0] not in sys.modules}
    dataclass = dataclasses.dataclass

    def hashable(cls: Any = None, /, **options: Any) -> Any:
        # Lava has an instance of a data class as a default, which Python 3.11 takes when it can be hashed
        return dataclass(cls, **({"unsafe_hash": True} | options))

    with mock.patch.dict(sys.modules, absent), mock.patch("dataclasses.dataclass", hashable), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def made(rows: list[str]) -> dict[str, Step]:
    """Return the steps that can be made, after each has run twice; say which cannot, and how much fires."""
    steps = {}
    for name in rows:
        try:
            with imports_of_rivals():
                step = ROWS[name]()
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        out = [step() for _ in range(2)][-1]
        steps[name] = step
        if out is not None:
            print(f"{name}: {100 * float(out.detach().mean()):.1f} % of outputs are spikes")
    return steps


def kept(step: Step) -> float:
    """Return the bytes per neuron and step that are kept for the backward pass, but for weights and input."""
    storages: dict[int, int] = {}
    alive = []

    def note(tensor: Tensor) -> Tensor:
        alive.append(tensor)  # so that no address comes twice
        if not tensor.is_leaf or not (tensor.requires_grad or isinstance(tensor, torch.nn.Parameter)):
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        step()
    given = {STEPS * BATCH * SIZES[0] * 4, *(4 * out * into for into, out in pairwise(SIZES))}
    return sum(size for size in storages.values() if size not in given) / (STEPS * BATCH * sum(SIZES[1:]))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS), metavar="NAME")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        others = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        os.execve(sys.executable, [sys.executable, *sys.argv], others | ALLOCATOR)  # noqa: S606  this very script
    torch.set_num_threads(1)
    torch.manual_seed(0)
    before = os.getloadavg()[0]
    steps = made([PRODUCTS, *(row for row in given.rows if row != PRODUCTS)])
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(given.repetitions):
        for name, step in steps.items():
            begin = time.process_time()
            step()
            times[name].append(1000 * (time.process_time() - begin))
    least = {name: min(each) for name, each in times.items()}
    median = {name: statistics.median(each) for name, each in times.items()}
    print(f"\n{'':32} {'CPU-ms, 1 thread':>17} {'to the products':>17} {'bytes kept':>11}")
    print(f"{'':32} {'least':>8} {'median':>8} {'of least':>8} {'medians':>8} {'':>11}")
    for name, step in steps.items():
        ratios = f"{least[name] / least[PRODUCTS]:8.2f} {median[name] / median[PRODUCTS]:8.2f}"
        memory = "" if name == PRODUCTS else f"{kept(step):11.1f}"
        print(f"{name:32} {least[name]:8.1f} {median[name]:8.1f} {ratios} {memory}".rstrip())
    print(f"load of the machine before and after: {before:.2f}, {os.getloadavg()[0]:.2f}")
    mine = [name for name in steps if name.startswith("ours")]
    rivals = [name for name in steps if name not in (PRODUCTS, *mine)]
    if rivals:
        print(f"\n{'times as fast as (medians)':32} " + " ".join(f"{rival:>18}" for rival in rivals))
    for name in mine if rivals else []:
        print(f"{name:32} " + " ".join(f"{median[rival] / median[name]:18.2f}" for rival in rivals))
    if given.json:
        given.json.write_text(json.dumps(times))


if __name__ == "__main__":
    main()
