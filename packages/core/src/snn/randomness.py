"""Random numbers that do not depend on how samples are put into batches or steps into chunks."""

from __future__ import annotations

import hashlib

import numpy as np

from .network import Array

_DRAWS_PER_BLOCK = 4  # Philox makes four 64-bit numbers a counter value


def another(seed: int, draw: int) -> int:
    """Return the seed of another ``draw`` of all random numbers; that of draw 0 is ``seed`` itself."""
    if not draw:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/draw/{draw}".encode()).digest()[:7], "little")


def uniform(seed: int, sample: int, stream: str, start: int, stop: int, count: int) -> Array:
    """Return ``count`` draws from [0, 1) for each of the steps ``start`` to ``stop``, (steps, count).

    The numbers are a function of the seed, the number of the sample in its data set, the name of the stream (the
    layer they are for) and the step, and of nothing else (Philox 4x64, Salmon et al. 2011).
    """
    name = hashlib.sha256(f"{seed}/{sample}/{stream}".encode()).digest()
    blocks = -(-count // _DRAWS_PER_BLOCK)
    generator = np.random.Philox(key=int.from_bytes(name[:16], "little"))
    generator.advance(start * blocks)
    draws = np.random.Generator(generator).random((stop - start, blocks * _DRAWS_PER_BLOCK))
    below_one = np.float32(1) - np.finfo(np.float32).epsneg  # rounding to float32 must not reach 1
    return np.minimum(draws[:, :count].astype(np.float32), below_one)
