"""The package's names, and what importing them costs."""

import subprocess
import sys

import pytest
import snn_training_slayer as slayer
import torch
from snn_training_slayer import quantising, statistics, utils

HEAVY = {"torch", "numba", "yaml", "matplotlib"}


def imported(code):
    """Return which of the heavy modules a process has after ``code``."""
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*({HEAVY!r} & set(sys.modules)))"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", ["snn_training_slayer", "snn_training_slayer.plugin"])
def test_importing_the_package_brings_nothing_heavy(module):
    assert imported(f"import {module}") == set()


def test_files_and_parameters_are_read_without_pytorch(tmp_path):
    (tmp_path / "a.bs1").write_bytes(b"")
    assert imported(f"import snn_training_slayer as snn; snn.io.read1Dspikes({str(tmp_path / 'a.bs1')!r})") == set()
    assert imported("import snn_training_slayer as snn; snn.params({}); snn.utils.stats()") == {"yaml"}


def test_every_name_is_there():
    for name in slayer.__all__:
        assert getattr(slayer, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        slayer.nothing  # noqa: B018


def test_the_names_of_the_original_are_there_under_utils_too():
    assert slayer.utils is utils
    assert utils.quantize is slayer.quantize is quantising.quantize
    assert utils.stats is slayer.stats is statistics.LearningStatistics
    assert utils.optim.Nadam is slayer.optim.Nadam


def test_weights_are_rounded_to_steps_and_their_gradient_passes():
    weights = torch.tensor([0.9, 1.1, 3.0, -2.6], requires_grad=True)  # in steps 0.45, 0.55, 1.5, -1.3
    rounded = utils.quantize(weights, 2)
    assert rounded.tolist() == [0, 2, 4, -2]
    (rounded * torch.tensor([1.0, 2, 3, 4])).sum().backward()
    assert weights.grad.tolist() == [1, 2, 3, 4]
    assert slayer.quantizeWeights.apply(weights, 2).tolist() == [0, 2, 4, -2]
    assert utils.quantize(weights, step=0.5).tolist() == [1, 1, 3, -2.5]
