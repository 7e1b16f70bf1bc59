"""The ``snn`` command: its group, how errors are printed, and where each command lives.

Nothing heavy is imported before a command runs: the help of the group is made from the table below.
"""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .interrupting import ended_by, handled

if TYPE_CHECKING:
    from ..plugins import Plugins

COMMANDS: Mapping[str, tuple[str, str]] = {
    "convert": ("convert", "Convert a model into a spiking network, and write it."),
    "simulate": ("simulate", "Simulate a spiking network on samples."),
    "train": ("train", "Train a spiking network on samples."),
    "run": ("run", "Do all that a run file says, from model to report."),
    "report": ("report", "Tell of a finished run again, in another way."),
    "compare": ("compare", "Put finished runs side by side."),
    "parity": ("parity", "Compare what several backends make of one network."),
    "sweep": ("sweep", "Repeat a run over values of settings, side by side."),
    "parse": ("stages", "Read a model, and write the network as its framework had it."),
    "simplify": ("stages", "Fold and drop layers without changing the function."),
    "normalise": ("stages", "Rescale weights so that no activation exceeds one spike a step."),
    "evaluate": ("evaluate", "Tell the accuracy of the analog network."),
    "show": ("show", "List the layers of a network file."),
    "plugins": ("plugins", "List the installed plugins and what they offer."),
    "check": ("check", "Check that a component keeps its promises on this machine."),
    "settings": ("settings", "Print every setting, as a run file."),
}
"""The module of each command, and its one-line help."""


class Group(click.Group):
    """The group; it loads a command when it is called, and prints errors in one way."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        words = tuple(args)  # they are used up
        context = super().make_context(info_name, args, parent, **extra)
        context.meta["snn.words"] = words  # as in .options, which not every command needs
        return context

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, "command", None) or getattr(module, cmd_name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415  for this error only

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            more = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}{more}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(self, args: Any = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run, print errors as users see them, and exit."""
        debug = "--debug" in (sys.argv[1:] if args is None else args)
        extra.pop("standalone_mode", None)
        try:
            with handled(), _warnings_as_lines():
                code = super().main(args, prog_name or "snn", standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help())
            sys.exit(2)
        except click.UsageError as error:
            hint = f"{error.ctx.command_path} --help lists what there is" if error.ctx else "snn --help"
            _fail(error.format_message(), hint, error.exit_code)
        except click.ClickException as error:
            _fail(error.format_message(), "", error.exit_code)
        except (click.Abort, KeyboardInterrupt) as error:
            _fail(*ended_by(error))
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output has gone; there is nobody to tell
            sys.exit(1)
        except Exception as error:
            exit_code = getattr(error, "exit_code", None)
            if debug or not isinstance(exit_code, int):
                raise  # a bug keeps its traceback
            _fail(str(error), getattr(error, "hint", ""), exit_code)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, hint: str, code: int) -> NoReturn:
    """Print ``error:`` in one line, further faults indented under it, then ``hint:``, and exit."""
    first, *rest = message.splitlines() or [""]
    click.echo(click.style("error: ", fg="red") + first, err=True)
    for line in rest:
        click.echo(f"  {line.strip()}", err=True)
    if hint:
        click.echo(click.style("hint: ", fg="cyan") + " ".join(hint.split()), err=True)
    sys.exit(code)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print what deviates as ``warning:`` lines; other libraries' warnings as Python has them."""
    from ..errors import ConversionWarning  # noqa: PLC0415  light, but not needed for --help

    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, ConversionWarning):
            click.echo(click.style("warning: ", fg="yellow") + " ".join(str(message).split()), err=True)
        else:
            before(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", ConversionWarning)
        warnings.showwarning = show
        yield


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--block", multiple=True, metavar="NAME", help="Leave the plugin NAME out.")
@click.option("-v", "--verbose", count=True, help="Tell more; -vv tells most.")
@click.option("--debug", is_flag=True, help="Show the traceback of every error.")
@click.version_option(package_name="snn-core", prog_name="snn")
@click.pass_context
def main(ctx: click.Context, block: tuple[str, ...], verbose: int, debug: bool) -> None:
    """Convert trained analog networks into spiking networks, and run them.

    \b
    snn convert model.keras --calibrate samples.npz     writes model.snn
    snn simulate model.snn --data test.npz              tells accuracy over time
    snn run run.toml                                    both, and a report
    """  # noqa: D301  \b is click's
    if verbose:
        import logging  # noqa: PLC0415

        logging.basicConfig(
            level=logging.INFO if verbose == 1 else logging.DEBUG, format="%(levelname)s %(name)s: %(message)s"
        )
    ctx.obj = _LazyPlugins(block)


class _LazyPlugins:
    """Stands for `snn.plugins.Plugins` until it is used."""

    def __init__(self, blocked: tuple[str, ...]) -> None:
        self._blocked = blocked
        self._plugins: Plugins | None = None

    def __getattr__(self, name: str) -> Any:
        if self._plugins is None:
            gc.disable()  # importing makes many objects and no garbage; looking for some takes a fifth of the time
            try:
                from ..plugins import Plugins  # noqa: PLC0415  numpy comes with it

                self._plugins = Plugins(self._blocked)
                strange = set(self._blocked) - {plugin.name for plugin in self._plugins.found}
            finally:
                gc.enable()
            if strange:
                raise click.BadParameter(f"no plugin is named {', '.join(sorted(strange))}", param_hint="--block")
        return getattr(self._plugins, name)
