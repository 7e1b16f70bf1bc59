"""Who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "packages/core/src/snn"

# Each module may import modules of its own rank only where they stand to its left in the same row, and any above.
RANKS = [
    ["errors", "clock", "reading", "toml", "over", "differing", "progress", "settings", "component"],
    ["network"],
    ["shapes", "layers", "neurons", "response_neurons", "writing", "randomness", "sources", "rows", "npz", "labels"],
    [
        "analog",
        "operations",
        "windows",
        "dataset",
        "checking",
        "fitting",
        "selecting",
        "eventframes",
        "storage",
        "quantile",
        "draft",
    ],
    ["simulating", "building", "connections", "parsing", "reader", "rescaling", "coding"],
    ["codes"],
    [
        "encoding",
        "sequences",
        "decoding",
        "recordings",
        "synapse_tables",
        "connection_files",
        "processes",
        "assembling",
        "currents",
        "simplifying",
        "normalising",
        "converting",
        "training",
        "shown",
        "measures",
        "result",
        "result_file",
        "summary",
        "comparing",
        "swept",
        "epochs",
        "tables",
    ],
    ["reporting", "hookspecs"],
    ["readers", "reporters"],
    ["builtin"],
    ["plugins"],
    ["run_file"],
    ["template", "sampling", "stimuli", "presenting", "showing", "calibrating", "parity", "pipeline"],
    ["runs", "training_runs"],
    ["staging", "worker", "workers", "planning", "sweeping"],
    ["api"],
    ["testing"],
    ["cli"],
    ["starting"],
    ["hdf5"],  # for frontends alone
]
POSITION = {name: (rank, column) for rank, row in enumerate(RANKS) for column, name in enumerate(row)}
FRAMEWORKS = {
    "keras",
    "tensorflow",
    "torch",
    "h5py",
    "numba",
    "brian2",
    "pyNN",
    "nest",
    "neuron",
    "lava",
    "matplotlib",
    "scipy",
}


def modules() -> dict[Path, str]:
    return {path: path.relative_to(CORE).parts[0].removesuffix(".py") for path in sorted(CORE.rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """Return the modules of core that ``path`` imports, and the packages of others, type-only imports left out."""
    found = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    depth = len(path.relative_to(CORE).parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {f"snn.{node.module.split('.')[0]}"} if node.module else {f"snn.{a.name}" for a in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(CORE)))
def test_core_modules_import_only_what_stands_before_them(path):
    name = modules()[path]
    if name == "__init__":
        return
    for other in imported(path):
        if other.startswith("snn.") and other != f"snn.{name}":
            assert POSITION[other.removeprefix("snn.")] < POSITION[name], f"{name} imports {other}"
        assert other not in FRAMEWORKS or (name, other) == ("hdf5", "h5py"), f"{name} imports {other}"


def test_every_module_of_core_has_a_rank():
    assert set(modules().values()) - {"__init__"} == set(POSITION)


def test_plugins_never_import_one_another():
    packages = {path.name: path for path in ROOT.glob("packages/*/src/*") if path.is_dir() and path.name != "snn"}
    for name, folder in packages.items():
        for path in folder.rglob("*.py"):
            others = {word for word in imported_anywhere(path) if word in packages and word != name}
            assert not others, f"{path} imports {others}"


def imported_anywhere(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {n.module.split(".")[0] for n in nodes if isinstance(n, ast.ImportFrom) and n.module and not n.level}
