"""``snn evaluate``: the accuracy of the analog network."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options


@click.command("evaluate")
@click.argument("network", type=options.PATH)
@options.samples
@options.assignments
@options.as_json
@click.pass_obj
def command(
    plugins: Plugins,
    network: Path,
    data: Path,
    subset: str | None,
    per_class: int | None,
    count: int | None,
    skip_bad: bool,
    assignments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell the accuracy of the analog NETWORK, a .snn or a model; of a spiking one, that of what it came from."""
    import json  # noqa: PLC0415  not for --help

    from .. import fitting, pipeline, presenting, run_file, sampling  # noqa: PLC0415
    from ..errors import ConversionError  # noqa: PLC0415
    from ..labels import UNKNOWN  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    given = options.tables(
        data__subset=subset, data__per_class=per_class, data__count=count, data__skip_bad=skip_bad or None
    )
    run = run_file.build(given, plugins, assignments, uses=run_file.EVALUATING)
    with shown() as tell:
        loaded = pipeline.parse(run, network, plugins, tell)
        if loaded.stage == "spiking":
            if "parsed" not in loaded.analog:
                raise ConversionError(
                    f"{network} holds no analog network", hint="it was trained as a spiking one: snn simulate"
                )
            loaded = loaded.analog["parsed"]
        samples = fitting.fit(sampling.read(run, data, plugins), loaded, tell, skip_bad=run.data.skip_bad)
        classes = presenting.classify(loaded, samples, tell)
    known = samples.labels != UNKNOWN
    accuracy = float((classes[known] == samples.labels[known]).mean()) if known.any() else None
    if as_json:
        click.echo(json.dumps({"samples": len(samples), "skipped": samples.skipped, "accuracy": accuracy}))
    else:
        told = "no labels, so no accuracy" if accuracy is None else f"accuracy {100 * accuracy:.2f} %"
        click.echo(f"{loaded.stage} network, {len(samples)} samples: {told}")
