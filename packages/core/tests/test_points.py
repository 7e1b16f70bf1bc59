"""Which neurons and samples the points of a layer are picked from."""

import dataclasses

import numpy as np
from snn.clock import Clock
from snn.converting import convert
from snn.measures.gathering import POINTS, Gathering
from snn.testing import golden_networks


def picked(size, samples, batch):
    """Return the places that are picked of ``samples`` times ``size`` neurons, in batches."""
    network = convert(dataclasses.replace(golden_networks.dense(), stage="normalised"))
    name = network.output.name
    gathering = Gathering(network, Clock(4, 1), samples, samples)
    for start in range(0, samples, batch):
        stop = min(start + batch, samples)
        places = np.arange(start * size, stop * size, dtype=np.float64).reshape(stop - start, size)
        gathering._pick(name, places, places, start)
    return np.concatenate(gathering._sums[name].points)[:, 0].astype(int)


def test_points_come_from_all_neurons_also_where_their_number_goes_evenly_into_that_of_the_points():
    places = picked(size=2000, samples=200, batch=50)  # a hundred places a point: 20 points a sample
    assert len(places) == POINTS
    assert len(np.unique(places % 2000)) > 1500
    assert len(np.unique(places // 2000)) == 200
    assert (np.diff(places) > 0).all()


def test_points_do_not_depend_on_batches():
    np.testing.assert_array_equal(picked(700, 90, 90), picked(700, 90, 7))


def test_all_are_taken_where_there_are_few():
    np.testing.assert_array_equal(picked(13, 5, 2), np.arange(65))
