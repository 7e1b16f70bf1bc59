"""The oracle, and the folder of the case tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the files that the tests write


@pytest.fixture(scope="session")
def cv2():
    """OpenCV, whose importer of Caffe models is the oracle."""
    found = pytest.importorskip("cv2", reason="OpenCV is the oracle: pip install snn-frontend-caffe[oracle]")
    if not hasattr(found.dnn, "readNetFromCaffe"):
        pytest.skip("OpenCV 5 reads no Caffe models: pip install snn-frontend-caffe[oracle]")
    return found
