import numpy as np
import pytest
import snn_training_slayer as slayer
from hypothesis import given
from hypothesis import strategies as st
from snn.errors import DataError, OutputError
from snn_training_slayer.statistics import LearningStatistic, LearningStatistics


def counted(statistic, loss, correct, samples):
    statistic.lossSum += loss
    statistic.correctSamples += correct
    statistic.numSamples += samples


def test_an_epoch_is_counted_logged_and_reset():
    stats = slayer.utils.stats()
    counted(stats.training, 3.0, 2, 4)
    counted(stats.training, 1.0, 4, 4)
    assert (stats.training.loss(), stats.training.accuracy()) == (0.5, 0.75)
    assert stats.testing.loss() is None
    stats.update()
    assert (stats.training.loss_log, stats.training.accuracyLog) == ([0.5], [0.75])
    assert stats.testing.lossLog == [None]
    assert (stats.training.num_samples, stats.training.loss_sum, stats.training.correct_samples) == (0, 0, 0)


def test_the_best_epochs_are_told():
    statistic = LearningStatistic()
    told = []
    for loss, correct in ((2, 1), (1, 2), (3, 3), (1, 3)):
        counted(statistic, loss, correct, 4)
        statistic.update()
        told.append((statistic.bestLoss, statistic.bestAccuracy))
    statistic.update()  # an epoch without samples is not the best
    told.append((statistic.best_loss, statistic.best_accuracy))
    assert told == [(True, True), (True, True), (False, True), (False, False), (False, False)]
    assert (statistic.minloss, statistic.maxAccuracy) == (0.25, 0.75)


def test_resetting_keeps_the_log():
    statistic = LearningStatistic()
    counted(statistic, 1, 1, 1)
    statistic.update()
    counted(statistic, 1, 1, 1)
    statistic.reset()
    assert (statistic.numSamples, statistic.loss_log) == (0, [1.0])


def test_what_is_printed_names_epoch_batch_and_time(capsys):
    stats = LearningStatistics()
    counted(stats.training, 1.0, 3, 4)
    stats.print(7, 12, 3.25)
    stats.print(7, iter=13, timeElapsed=4, header=["above"], footer="below")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 7, batch 12, 3.250 s"
    assert lines[1].split() == ["Training", "loss", "=", "0.25", "accuracy", "=", "0.75"]
    assert lines[2:] == ["above", "Epoch 7, batch 13, 4.000 s", lines[1], "below"]


def test_in_a_terminal_an_epoch_is_printed_over_itself(capsys, monkeypatch):
    stats = LearningStatistics()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    stats.print(0)
    stats.print(0)
    stats.update()
    stats.print(1)
    assert capsys.readouterr().out == "Epoch 0\n\033[1A\033[JEpoch 0\nEpoch 1\n"


def test_what_is_saved_is_read_by_numpy_and_by_us(tmp_path):
    stats = LearningStatistics()
    for loss in (0.1, 1 / 3):
        counted(stats.training, loss, 1, 3)
        stats.update()
    counted(stats.testing, 2.0, 1, 1)
    stats.update()
    stats.save(f"{tmp_path}/")
    expected = [[0.1 / 3, np.nan], [1 / 9, np.nan], [np.nan, 2.0]]
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "loss.txt"), expected)
    loaded = LearningStatistics()
    loaded.load(f"{tmp_path}/")
    assert vars(loaded.training) == vars(stats.training)
    assert vars(loaded.testing) == vars(stats.testing)
    loaded.load(f"{tmp_path}/", numEpoch=1)
    assert loaded.training.loss_log == [0.1 / 3]
    assert loaded.testing.max_accuracy is None


@given(content=st.text(st.sampled_from("0123456789.einfa# \n-+é"), max_size=60))
def test_any_text_is_statistics_or_a_data_error(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    for name in ("loss.txt", "accuracy.txt"):
        (folder / name).write_text(content, encoding="utf-8")
    stats = LearningStatistics()
    try:
        stats.load(f"{folder}/")
    except DataError as error:
        assert "loss.txt" in str(error)  # noqa: PT017
        assert stats.training.loss_log == []


def test_files_of_different_lengths_are_told(tmp_path):
    (tmp_path / "loss.txt").write_text("1 2\n3 4\n")
    (tmp_path / "accuracy.txt").write_text("1 2\n")
    with pytest.raises(DataError, match="has 2 epochs"):
        LearningStatistics().load(f"{tmp_path}/")
    with pytest.raises(DataError, match="cannot be read"):
        LearningStatistics().load(f"{tmp_path}/none")


def test_plots_are_drawn_without_a_screen(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    stats = LearningStatistics()
    counted(stats.training, 1.0, 1, 2)
    stats.update()
    stats.plot(saveFig=True, path=f"{tmp_path}/")
    stats.plot(figures=(1, 2))
    (axes,) = plt.figure(1).axes
    assert axes.lines[0].get_xydata().tolist() == [[0, 0.5]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accuracy.png", "loss.png"]
    with pytest.raises(OutputError, match="cannot be written"):
        stats.plot(save_fig=True, path=tmp_path / "none" / "a")
    plt.close("all")


def test_the_names_of_the_original_are_ours():
    assert slayer.stats is LearningStatistics
    assert slayer.learningStats is slayer.utils.learningStats is LearningStatistics
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        slayer.utils.nothing  # noqa: B018
