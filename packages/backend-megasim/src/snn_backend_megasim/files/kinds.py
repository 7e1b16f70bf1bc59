"""What an integer in a file is, and what arrays of them and of bytes are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

LARGEST = 2**31 - 1
"""What an integer in a file may be, with either sign: MegaSim's are of 32 bits."""
