"""Time analog passes of the golden CNN in torch, once for each line read: the rival of rate_engine.py."""

from __future__ import annotations

import os
import sys
from time import perf_counter

try:
    import torch
    from torch.nn import functional
except ModuleNotFoundError:
    sys.exit(1)  # the caller says so


def main(batch: int, steps: int, layout: str) -> None:
    """Answer each line with the seconds that ``steps`` passes take."""
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    form = torch.channels_last if layout == "nhwc" else torch.contiguous_format
    x, first, second = (
        torch.rand(shape).contiguous(memory_format=form)
        for shape in ((batch, 1, 28, 28), (16, 1, 5, 5), (32, 16, 3, 3))
    )
    third, biases = torch.rand(10, 800), [torch.rand(n) for n in (16, 32, 10)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        with torch.inference_mode():
            started = perf_counter()
            for _ in range(steps):
                h = functional.avg_pool2d(functional.relu_(functional.conv2d(x, first, biases[0])), 2)
                h = functional.avg_pool2d(functional.relu_(functional.conv2d(h, second, biases[1])), 2)
                functional.linear(h.flatten(1), third, biases[2])
            sys.stdout.write(f"{perf_counter() - started}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
