"""``snn show``: what is in a network file."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options


@click.command("show")
@click.argument("network", type=options.PATH)
@click.pass_obj
def command(plugins: Plugins, network: Path) -> None:
    """List the layers of NETWORK with their shapes, parameters and neurons, and how it came about."""
    import dataclasses  # noqa: PLC0415  not for --help
    from math import prod  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from .. import storage  # noqa: PLC0415
    from ..layers import Activation  # noqa: PLC0415
    from ..neurons import Neuron  # noqa: PLC0415

    loaded = storage.load(network, plugins.neurons())
    table = Table(title=f"{network}: {loaded.stage} network", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("layer", "kind"):
        table.add_column(heading, overflow="fold")
    for heading in ("shape", "parameters", "neurons"):
        table.add_column(heading, justify="right", no_wrap=True)
    parameters = neurons = 0
    before = ""
    for layer in loaded.layers:
        arrays = [getattr(layer, field.name) for field in dataclasses.fields(layer)]
        own = sum(array.size for array in arrays if isinstance(array, np.ndarray) and array.ndim)
        shape = loaded.shapes[layer.name]
        size = prod(shape) if isinstance(layer, Neuron) else 0
        parameters, neurons = parameters + own, neurons + size
        kind = f"{layer.kind} {layer.function}" if isinstance(layer, Activation) else layer.kind
        if layer.inputs not in ((), (before,)):  # by default a layer reads the one above it
            kind += f" of {', '.join(layer.inputs)}"
        table.add_row(
            layer.name, kind, "×".join(map(str, shape)), f"{own:,}" if own else "", f"{size:,}" if size else ""
        )
        before = layer.name
    table.add_section()
    table.add_row("total", "", "", f"{parameters:,}", f"{neurons:,}" if neurons else "")
    console = Console(highlight=False)
    console.print(table)
    for line in loaded.provenance:
        console.print(f"· {line}", markup=False, soft_wrap=True)
    if loaded.clock:
        console.print(
            f"shown for {loaded.clock.duration_ms:g} ms in steps of {loaded.clock.dt_ms:g} ms unless told otherwise"
        )
    console.print(f"digest {storage.digest(loaded)[:16]}")
