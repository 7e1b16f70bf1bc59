"""The trainer keeps every promise of the contract, with either kind of neurons."""

from snn.testing import TrainerSuite
from snn_training_slayer.trainer.trainer import Slayer


class TestResponse(TrainerSuite):
    trainer = Slayer(**Slayer.trial)


class TestLoihi(TrainerSuite):
    trainer = Slayer(**Slayer.trial, neurons="loihi")


class TestEverything(TrainerSuite):
    trainer = Slayer(
        layers=("8", "12", "2"), delays=True, dropout=0.1, optimiser="nadam", epochs=8, batch=16, patience=6
    )
