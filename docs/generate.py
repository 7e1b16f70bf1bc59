"""Rewrite the generated parts of the pages in this folder from the code itself.

    python docs/generate.py            rewrite them in place
    python docs/generate.py --check    exit 1 and name each page that is out of date

A generated part stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``; `BLOCKS` says what makes it.
`contract.md` is generated as a whole. Only core, the Keras and Caffe frontends and inisim are documented here, whatever
else is installed: other plugins have pages of their own.
"""

# ruff: noqa: INP001
# a script, in no package

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from snn import errors, hookspecs, layers, neurons, response_neurons
from snn.cli import COMMANDS
from snn.coding import Code
from snn.network import Layer
from snn.neurons import Neuron
from snn.normalising import Normaliser
from snn.parsing import Frontend
from snn.plugins import HOOKS, Plugins
from snn.reader import Reader
from snn.reporting import Reporter
from snn.simulating import Backend, Simulator
from snn.template import template
from snn.training import Trainer

HERE = Path(__file__).parent
DOCUMENTED = frozenset({"core", "keras", "caffe", "inisim"})
INTERFACES = (Frontend, Reader, Normaliser, Code, Backend, Simulator, Reporter, Trainer)


def documented() -> Plugins:
    """Return the plugins that these pages are about, or exit where one is not installed."""
    found = {plugin.name: plugin.fault for plugin in Plugins().found}
    if missing := sorted(name for name in DOCUMENTED if found.get(name, "it is not installed")):
        sys.exit(f"these pages need the plugins {', '.join(sorted(DOCUMENTED))}; unusable: {', '.join(missing)}")
    return Plugins(blocked=set(found) - DOCUMENTED)


def settings() -> str:
    """Return every setting, as ``snn settings`` prints it."""
    return f"```toml\n{template(documented())}```"


def commands() -> str:
    """Return the table of commands."""
    return _table(("command", "does"), [(f"`snn {name}`", line) for name, (_, line) in COMMANDS.items()])


def hooks() -> str:
    """Return the table of hooks."""
    rows = []
    for kind, name in HOOKS.items():
        hook = getattr(hookspecs, name)
        rows.append((f"`{name}()`", f"`{inspect.signature(hook).return_annotation}`", kind, _summary(hook)))
    return _table(("hook", "returns", "kind", "in words"), rows)


def components() -> str:
    """Return the table of components."""
    rows = []
    for plugin in documented().found:
        for kind, component in plugin.components:
            fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(component)) or "none"
            rows.append((kind, f"`{component.name}`", plugin.distribution, fields, _summary(component)))
    order = list(HOOKS)
    rows.sort(key=lambda row: (order.index(row[0]), row[1]))
    return _table(("kind", "name", "distribution", "settings", "in words"), rows)


def interfaces() -> str:
    """Return a section for each class that plugins implement: its attributes and its methods."""
    parts = []
    for kind in INTERFACES:
        parts.append(f"### {kind.__name__}\n\n`{kind.__module__}`. {_markdown(inspect.getdoc(kind) or '')}")
        own = [member for name, member in vars(kind).items() if inspect.isfunction(member) and name[0] != "_"]
        rows = []
        for method in own:
            must = "must" if getattr(method, "__isabstractmethod__", False) else ""
            rows.append((f"`{method.__name__}{_signature(method)}`", must, _summary(method)))
        parts.append(_table(("method", "implement", "does"), rows))
    return "\n\n".join(parts)


def exit_codes() -> str:
    """Return the table of errors."""
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.SnnError)]
    return _table(("error", "exit code", "when"), [(f"`{k.__name__}`", str(k.exit_code), _summary(k)) for k in kinds])


def layer_kinds() -> str:
    """Return a section for each operation."""
    return "\n\n".join(_kind(kind) for kind in _kinds(layers, Layer))


def neuron_kinds() -> str:
    """Return a section for each kind of neuron that core brings, its equations as its docstring has them."""
    kinds = [kind for module in (neurons, response_neurons) for kind in _kinds(module, Neuron)]
    return "\n\n".join(_kind(kind) for kind in kinds if kind is not Neuron)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "hooks": hooks,
    "components": components,
    "interfaces": interfaces,
    "exit codes": exit_codes,
    "layers": layer_kinds,
    "neurons": neuron_kinds,
}


def _kinds(module: object, parent: type[Layer]) -> list[type[Layer]]:
    own = [kind for kind in vars(module).values() if inspect.isclass(kind) and issubclass(kind, parent)]
    return [kind for kind in own if kind.__module__ == getattr(module, "__name__", "")]


def _kind(kind: type[Layer]) -> str:
    fields = [field for field in dataclasses.fields(kind) if field.name not in ("name", "inputs")]
    told = ", ".join(f"`{_field(field)}`" for field in fields) or "none"
    return f"### {kind.__name__}\n\n{_markdown(inspect.getdoc(kind) or '')}\n\nFields: {told}."


def _field(field: dataclasses.Field[Any]) -> str:
    """Return a field as it would be written in the class."""
    if field.default is not dataclasses.MISSING:
        return f"{field.name}: {field.type} = {field.default!r}"
    if field.default_factory is not dataclasses.MISSING:
        return f"{field.name}: {field.type} = {field.default_factory().tolist()!r}"
    return f"{field.name}: {field.type}"


def _signature(method: Callable[..., object]) -> str:
    signature = inspect.signature(method)
    told = []
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        given = parameter.default
        default = "" if given is parameter.empty else f" = {getattr(given, '__name__', repr(given))}"
        told.append(f"{parameter.name}: {parameter.annotation}{default}")
    return f"({', '.join(told)}) -> {signature.return_annotation}"


def _summary(thing: object) -> str:
    """Return the first line of a docstring, as Markdown."""
    return _plain((inspect.getdoc(thing) or "").partition("\n")[0])


def _plain(text: str) -> str:
    return re.sub(r"(?<!`)``(?!`)", "`", text)


def _markdown(docstring: str) -> str:
    """Return a docstring in NumPy's style as Markdown: a list for its attributes, a fence for its equations."""
    text, _, attributes = docstring.partition("Attributes\n----------\n")
    text = re.sub(r"^::\n\n((?: {4}.*\n|\n)+)", _fence, f"{text.strip()}\n", flags=re.MULTILINE)
    lines = [_plain(text.strip()), ""] if text.strip() else []
    for line in attributes.splitlines():
        if not line.strip():
            continue
        if line.startswith(" "):
            lines.append(f"  {_plain(line.strip())}")
        else:
            lines.append(f"- `{line.strip()}`")
    return "\n".join(lines).strip()


def _fence(found: re.Match[str]) -> str:
    return f"```text\n{inspect.cleandoc(found[1])}\n```\n\n"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def rewritten(text: str) -> str:
    """Return the page ``text`` with every generated part made anew."""

    def made(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in BLOCKS:
            sys.exit(f"nothing generates {name!r}; known: {', '.join(BLOCKS)}")
        return f"<!-- {name}: begin -->\n{BLOCKS[name]()}\n<!-- {name}: end -->"

    return re.sub(r"<!-- (?P<name>[a-z ]+): begin -->.*?<!-- (?P=name): end -->", made, text, flags=re.DOTALL)


def pages() -> Iterator[tuple[Path, str]]:
    """Yield every page with generated parts, and what it should hold."""
    for path in sorted(HERE.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if ": begin -->" in text:
            yield path, rewritten(text)
    if find_spec("snn.testing"):
        yield HERE / "contract.md", import_module("snn.testing").contract()


def main(check: bool) -> int:
    """Rewrite the pages, or with ``check`` only name those that are out of date; return the exit code."""
    stale = [(path, text) for path, text in pages() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        if not check:
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(HERE.parent)} {'is out of date' if check else 'rewritten'}\n")
    if check and stale:
        sys.stdout.write("run: python docs/generate.py\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
