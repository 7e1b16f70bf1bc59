"""Lava's side of the package can be looked at only where Lava is."""  # noqa: INP001

from importlib.util import find_spec

_OF_LAVA = ["src/snn_backend_loihi/lava/worker.py", "src/snn_backend_loihi/lava/processes/*"]

collect_ignore_glob = [] if find_spec("lava") else _OF_LAVA
