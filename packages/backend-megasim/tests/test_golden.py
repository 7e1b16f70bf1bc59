"""The ancestor's CNN on images of MNIST, in this engine and in INI's: every spike of every neuron is the same."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import snn
from megasim_networks import recorded
from snn.clock import Clock
from snn.encoding import PoissonSpikes, RegularSpikes
from snn.plugins import Plugins
from snn_backend_megasim.backend import MegaSim

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "golden"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"the ancestor's golden data are not at {REFERENCE}")
@pytest.mark.parametrize("kind", [RegularSpikes, PoissonSpikes])
def test_all_spikes_are_those_of_inis_engine(kind):
    settings = {"convert": {"spiking_pools": True, "readout": "spikes"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", snn.errors.ConversionWarning)
        network = snn.convert(REFERENCE / "mnist5k_cnn.h5", calibrate=REFERENCE, settings=settings)
        network = MegaSim().fit(network, None)
    with np.load(REFERENCE / "x_test.npz") as kept:
        images = kept["arr_0"][:10].transpose(0, 3, 1, 2).astype(np.float32)
    stimulus = kind(images, np.arange(len(images)), Clock(50))
    ours, facts = recorded(network, stimulus, potentials=False)
    theirs, _ = recorded(network, stimulus, Plugins().component("backend", "inisim")(), potentials=False)
    assert facts["unrolled"] == []
    for name, events in theirs.spikes.items():
        for column in ("step", "sample", "neuron"):
            np.testing.assert_array_equal(getattr(ours.spikes[name], column), getattr(events, column), err_msg=name)
    np.testing.assert_array_equal(ours.output, theirs.output)
    assert ours.output[-1].sum() > 50
