"""What every component promises, of whatever kind."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

from .. import settings
from ..component import Component
from .outcome import CannotRun, require

_IMPORT = """
import importlib, sys
sys.path[:] = {path!r}
try:
    importlib.import_module({module!r})
except ModuleNotFoundError as error:
    if error.name in {parents!r}:
        sys.exit("absent")
    raise
print(*sorted(set({modules!r}) & set(sys.modules)))
"""


def has_a_name(component: Component) -> None:
    """Be called by one lower-case word, as users type it."""
    name = type(component).name
    require(
        isinstance(name, str) and name.isidentifier() and name.islower(),
        f"{name!r} is not one word of lower-case letters, digits and underscores",
    )


def is_frozen(component: Component) -> None:
    """Be a frozen dataclass, every field of which has a default."""
    kind = type(component)
    parameters = vars(kind).get("__dataclass_params__")
    require(parameters is not None, f"{kind.__name__} is not decorated with @dataclass(frozen=True)")
    require(parameters is not None and parameters.frozen, f"{kind.__name__} is not frozen")
    missing = dataclasses.MISSING
    bare = [f.name for f in dataclasses.fields(component) if f.default is missing and f.default_factory is missing]
    require(not bare, f"fields without a default: {', '.join(bare)}")


def reads_its_settings(component: Component) -> None:
    """Accept its own settings from a run file and become what it was."""
    table = dataclasses.asdict(component)
    again = settings.read(table, type(component), "settings")
    require(again == component, f"{again} was read from the settings of {component}")


def imports_lightly(component: Component) -> None:
    """Import none of the modules named in ``requires`` when it is listed."""
    require(isinstance(component.requires, tuple), "requires is not a tuple; a single entry needs a comma behind it")
    modules = tuple(entry.partition(":")[0].strip() for entry in component.requires)
    home = type(component).__module__
    parts = home.split(".")
    parents = tuple(".".join(parts[: end + 1]) for end in range(len(parts)))
    code = _IMPORT.format(path=sys.path, module=home, parents=parents, modules=modules)
    # The current interpreter, and nothing that a user has typed.
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=False)  # noqa: S603
    if done.stderr.strip() == "absent":
        raise CannotRun(f"its module {home} cannot be imported by name")
    require(not done.returncode, f"importing {home} failed: {done.stderr.strip()}")
    found = done.stdout.strip()
    require(not found, f"importing {home} imports {found}")
