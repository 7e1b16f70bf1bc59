"""The parameters of each kind of module, in the integers and geometry that MegaSim has.

A convolution's neurons are an array on which an event at ``(x, y)`` lays the kernel of its port, at ``(x + Dx, y +
Dy)``. So a kernel here is that of a true convolution, which is the cross-correlation's turned by half; and its rows are
written from the largest y down, as in the files that the ancestor wrote (its weights, Theano's, were those of true
convolutions, and it turned their rows around).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .files.parameters import FORMS, LOWEST, Parameters, Port
from .integers import LARGEST, Integers

_CONTROL = 1  # neurons that a port of control reaches: its kernel is one 0


@dataclass(frozen=True)
class Rule:
    """How the neurons of a module fire.

    Attributes
    ----------
    threshold : int
    subtract : bool
        Whether a spike takes the threshold off; else the potential is 0 behind it.
    pause : int
        The ticks from a spike to the next, at least.
    delay : int
        The ticks that an event takes through the module.
    fires : bool
        Whether they fire at all.
    """

    threshold: int
    subtract: bool
    pause: int
    delay: int
    fires: bool = True


SILENT = LARGEST
"""The threshold of neurons that only add up."""


def convolution(
    kernels: Integers,
    before: tuple[int, int],
    given: tuple[int, int],
    out: tuple[int, int],
    rule: Rule,
    bias: int | None = None,
    start: Integers | None = None,
) -> Parameters:
    """Return a map of a convolution.

    Parameters
    ----------
    kernels : ndarray of int, (ports, height, width)
        As a cross-correlation has them, with zeros in the gaps of a dilation.
    before : tuple of int
        Rows of zeros above and columns on the left.
    given, out : tuple of int
        Height and width of the maps that it reads and of the one it makes.
    rule : Rule
    bias : int or None
        What every neuron is given by an event of the bias clock; None: there is no such port.
    start : ndarray of int, (height, width), or None
        What each neuron is given at the start of a sample; None: there is no such port.
    """
    ny, y_lay, y_shift = _axis(kernels.shape[1], before[0], given[0], out[0])
    nx, x_lay, x_shift = _axis(kernels.shape[2], before[1], given[1], out[1])
    ports = [_kernel(kernel[::-1, ::-1], x_lay, y_lay) for kernel in kernels]
    if bias is not None:
        ports.append(_kernel(np.full((ny, nx), bias, np.int64), 0, 0))
    if start is not None:
        spread = np.zeros((ny, nx), np.int64)
        spread[-y_shift : out[0] - y_shift, -x_shift : out[1] - x_shift] = start
        ports.append(_kernel(spread, 0, 0))
    ports.append(_kernel(np.zeros((_CONTROL, _CONTROL), np.int64), 0, 0))
    output = {
        "crop_xmin": -x_shift, "crop_xmax": out[1] - 1 - x_shift, "crop_ymin": -y_shift,
        "crop_ymax": out[0] - 1 - y_shift, "xshift_pre": x_shift, "yshift_pre": y_shift,
    }  # fmt: skip
    return _made("module_conv", ports, {"Nx_array": nx, "Ny_array": ny, **_neuron(rule)}, output)


def subsampling(size: tuple[int, int], out: tuple[int, int], rule: Rule) -> Parameters:
    """Return a map that passes every event on at the address of its window, ``out`` windows of ``size`` each."""
    ny, nx = (n * s for n, s in zip(out, size, strict=True))
    ports = [_kernel(np.full((1, 1), value, np.int64), 0, 0) for value in (rule.threshold, 0)]
    output = {"crop_xmax": nx - 1, "crop_ymax": ny - 1, "x_subsmp": size[1], "y_subsmp": size[0]}
    return _made("module_conv", ports, {"Nx_array": nx, "Ny_array": ny, **_neuron(rule)}, output)


def dense(
    kernels: list[Integers], rule: Rule, bias: Integers | None, start: Integers | None, *, softmax: bool = False
) -> Parameters:
    """Return a fully connected module, or a softmax.

    Parameters
    ----------
    kernels : list of ndarray of int, (neurons before, neurons)
        One a port.
    rule : Rule
    bias, start : ndarray of int, (neurons,), or None
        As of `convolution`, neuron by neuron.
    softmax : bool
    """
    size = kernels[0].shape[1]
    rows = [row.reshape(1, size) for row in (bias, start) if row is not None]
    rows += [np.zeros((1, size), np.int64)] * (1 + softmax)
    ports = [Port({"Nx_array_pre": len(kernel), "Ny_array_pre": 1}, kernel) for kernel in (*kernels, *rows)]
    module = "module_softmax" if softmax else "module_fully_connected"
    return _made(
        module, ports, {"population_size": size, "Ny_array": 1, **_neuron(rule)}, {"crop_xmax": size, "crop_ymax": size}
    )


def flattening(maps: int, given: tuple[int, int], delay: int) -> Parameters:
    """Return a module that gives the events of all maps one after the other, in one row of addresses."""
    nothing = np.zeros((0, 1), np.int64)
    port = Port({"Nx_array": given[1], "Ny_array": given[0]}, nothing)
    return _made("module_flatten", [port] * maps, {"delay_to_process": delay}, {})


def max_pool(
    given: tuple[int, int],
    size: tuple[int, int],
    stride: tuple[int, int],
    before: tuple[int, int],
    out: tuple[int, int],
    delay: int,
) -> Parameters:
    """Return a map of a max-pool; heights come before widths."""
    names = ("N{}_array", "N{}_pool", "{}_stride", "{}_pad", "N{}_out")
    fields: dict[str, int] = {}
    for name, (height, width) in zip(names, (given, size, stride, before, out), strict=True):
        fields |= {name.format("y"): height, name.format("x"): width}
    return _made("module_max_pool", [], {"n_in_ports": 2, "delay_to_process": delay, **fields}, {})


def _axis(kernel: int, before: int, given: int, out: int) -> tuple[int, int, int]:
    """Return the cells of the array along an axis, where the kernel is laid, and the shift at the output, not above 0.

    As the ancestor has it: the array is as long as the map that is read, and the middle of the kernel is laid on the
    event; what a valid convolution has not is cropped, and the rest is shifted to begin at 0.
    """
    lay = -(kernel // 2)
    shift = before - (kernel - 1 - kernel // 2)
    if shift > 0:
        lay, shift = lay + shift, 0
    return max(given, out - shift), lay, shift


def _kernel(kernel: Integers, x_lay: int, y_lay: int) -> Port:
    height, width = kernel.shape
    return Port({"Nx_kernel": width, "Ny_kernel": height, "Dx": x_lay, "Dy": y_lay}, kernel[::-1])


def _neuron(rule: Rule) -> dict[str, int]:
    return {
        "delay_to_process": rule.delay, "THplus": rule.threshold, "THplusInfo": int(rule.fires), "THminus": LOWEST,
        "Reset_to_reminder": int(rule.subtract), "T_Refract": rule.pause,
    }  # fmt: skip


_USUAL: Mapping[str, int] = {"n_out_ports": 1, "n_repeat": 1, "delay_to_repeat": 15, "x_subsmp": 1, "y_subsmp": 1}


def _made(module: str, ports: list[Port], header: Mapping[str, int], output: Mapping[str, int]) -> Parameters:
    """Return parameters in the order of their form; what is not given is as usual, or 0."""
    given = {**_USUAL, "n_in_ports": len(ports), **header, **output}
    names = FORMS[module]
    return Parameters(
        {name: given.get(name, 0) for name in names.header},
        tuple(ports),
        {name: given.get(name, 0) for name in names.output},
    )
