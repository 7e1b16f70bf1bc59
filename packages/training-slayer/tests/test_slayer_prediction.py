import pytest
import snn_training_slayer as slayer
import torch
from snn.errors import DataError
from snn_training_slayer.prediction import Predictor

SPIKES = torch.tensor([[[0, 2, 0], [2, 2, 0]], [[2, 0, 2], [0, 2, 0]], [[0, 0, 0], [0, 0, 0]]]).float()
SPIKES = SPIKES.reshape(3, 2, 1, 1, 3)  # three samples of two classes, spikes of height 2


def test_the_class_is_that_with_most_spikes():
    assert slayer.predict.getClass(SPIKES).tolist() == [1, 0, 0]
    assert Predictor.get_class(SPIKES.reshape(3, 1, 2, 1, 3)).tolist() == [1, 0, 0]


def test_the_first_of_equal_classes_is_taken():
    assert Predictor.get_class(torch.ones(1, 5, 1, 1, 4)).tolist() == [0]


def test_probabilities_are_shares_of_spikes():
    expected = torch.tensor([[1 / 3, 2 / 3], [2 / 3, 1 / 3], [0.5, 0.5]])
    torch.testing.assert_close(slayer.spikeClassifier.getProb(SPIKES), expected)
    spikes = SPIKES.clone().requires_grad_()
    Predictor.get_probabilities(spikes).square().sum().backward()
    assert spikes.grad.isfinite().all()


def test_no_classes_are_told():
    for shape in ((2, 3, 4), (1, 0, 1, 1, 5)):
        with pytest.raises(DataError, match="no classes"):
            Predictor.get_class(torch.zeros(shape))
    assert Predictor.get_class(torch.zeros(0, 2, 1, 1, 5)).tolist() == []
