"""Kernels work with addresses, which keep nothing alive: what they point at must not have been freed."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKER = "libc_malloc_debug.so.0"
"""Of the GNU C library: it lays memory out so that what has been freed is soon written to."""


def test_no_kernel_reads_memory_that_has_been_freed():
    try:
        ctypes.CDLL(CHECKER)
    except OSError:
        pytest.skip(f"{CHECKER} is not here")
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "tox.ini", "--rootdir", ".", "-k", "images_equal"]
    done = subprocess.run(
        [sys.executable, *words, str(Path(__file__).with_name("test_rate.py"))],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": CHECKER, "MALLOC_CHECK_": "3"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]
