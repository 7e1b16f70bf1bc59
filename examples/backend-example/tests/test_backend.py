"""What is the example's own."""

from snn.testing import golden
from snn_backend_example.backend import Example


def test_a_network_with_too_many_neurons_is_refused_by_the_layer_that_is_too_much():
    (problem,) = Example(most_neurons=8).inspect(golden.image())
    assert problem.layer == "out"
    assert "more than 8 neurons" in problem.message


def test_a_network_that_just_fits_is_taken():
    assert Example(most_neurons=11).inspect(golden.image()) == ()
