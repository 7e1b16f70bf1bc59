"""``snn simulate``: a spiking network file on samples."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options
from .interrupting import hinted


@click.command("simulate")
@click.argument("network", type=options.PATH)
@options.samples
@click.option("--backend", metavar="NAME", help="The simulator. Default: inisim.")
@click.option("--duration", type=float, metavar="MS", help="How long a sample is shown. Default: as the code asks.")
@click.option("--dt", type=float, metavar="MS", help="The time step. Default: as the code asks.")
@click.option("--batch", type=int, metavar="N", help="Samples at once; results do not depend on it. Default: 100.")
@click.option("--seed", type=int, metavar="N", help="The only source of chance. Default: 0.")
@click.option("--out", type=options.PATH, metavar="DIR", help="Keep result.json, samples.csv and curve.csv here.")
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
    backend: str | None,
    duration: float | None,
    dt: float | None,
    batch: int | None,
    seed: int | None,
    out: Path | None,
    assignments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate the spiking network in the file NETWORK."""
    import dataclasses  # noqa: PLC0415  not for --help
    import json  # noqa: PLC0415

    from .. import run_file, runs, sampling, storage, writing  # noqa: PLC0415
    from ..summary import summary  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    given = options.tables(
        simulate__backend=backend,
        simulate__duration_ms=duration,
        simulate__dt_ms=dt,
        simulate__batch=batch,
        data__subset=subset,
        data__per_class=per_class,
        data__count=count,
        data__skip_bad=skip_bad or None,
    )
    general = {"name": network.stem, **({} if seed is None else {"seed": seed})}
    run = run_file.build({**given, **general}, plugins, assignments, uses=run_file.SIMULATING)
    run = dataclasses.replace(  # so that the run file in the folder repeats this
        run,
        general=dataclasses.replace(run.general, source=str(network.absolute())),
        data=dataclasses.replace(run.data, samples=str(data.absolute())),
    )
    if as_json:
        run = dataclasses.replace(run, reporters=tuple(r for r in run.reporters if r.name != "console"))
    if out is not None:
        writing.check_folder(out)
    with hinted(lambda: f"the same command starts again{' with another --out' * options.recordings_in(out)}"):
        with shown() as tell:
            loaded = storage.load(network, plugins.neurons())
            samples = sampling.read(run, data, plugins)
            result = runs.simulate(run, loaded, samples, plugins, tell, out)
        runs.report(run, result, out)
    if as_json:
        click.echo(json.dumps(summary(result)))
