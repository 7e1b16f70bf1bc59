"""``snn evaluate``: the accuracy of the analog network."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options


@click.command("evaluate")
@click.argument("network", type=options.PATH)
@click.option(
    "--data", type=options.PATH, required=True, help="A .npz with x and y, or a folder with x_test.npz, y_test.npz."
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Only the first N samples.")
@options.as_json
@click.pass_obj
def command(plugins: Plugins, network: Path, data: Path, count: int | None, as_json: bool) -> None:
    """Tell the accuracy of the analog NETWORK, a .snn or a model; of a spiking one, that of what it came from."""
    import json  # noqa: PLC0415  not for --help

    from .. import dataset, pipeline, presenting, run_file  # noqa: PLC0415
    from ..errors import ConversionError  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    with shown() as tell:
        loaded = pipeline.parse(run_file.build({}, plugins, uses=run_file.PARSING), network, plugins, tell)
        if loaded.stage == "spiking":
            if "parsed" not in loaded.analog:
                raise ConversionError(
                    f"{network} holds no analog network", hint="it was trained as a spiking one: snn simulate"
                )
            loaded = loaded.analog["parsed"]
        samples = dataset.fit(dataset.read(data).first(count), loaded, tell)
        classes = presenting.classify(loaded, samples, tell)
    known = samples.labels != dataset.UNKNOWN
    accuracy = float((classes[known] == samples.labels[known]).mean()) if known.any() else None
    if as_json:
        click.echo(json.dumps({"samples": len(samples), "accuracy": accuracy}))
    else:
        told = "no labels, so no accuracy" if accuracy is None else f"accuracy {100 * accuracy:.2f} %"
        click.echo(f"{loaded.stage} network, {len(samples)} samples: {told}")
