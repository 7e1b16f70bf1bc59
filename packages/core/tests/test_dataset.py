"""Samples and labels that do not go together are refused, with the file, the shapes and the first bad index."""

from __future__ import annotations

import numpy as np
import pytest
from snn import checking, fitting
from snn import layers as op
from snn.dataset import Dataset
from snn.errors import ConversionWarning, DataError
from snn.network import Network
from snn.readers.npz import Npz

from . import graphs

READ = Npz().read
X = np.arange(12.0).reshape(3, 4)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def network(shape=(4,), classes=3, layout=()):
    entry = op.Input(name="in", shape=shape, layout=layout)
    flat = op.Flatten(name="flat", inputs=("in",))
    return Network((entry, flat, graphs.dense("out", "flat", np.ones((classes, int(np.prod(shape)))))))


def refused(told, act, *arguments, **more):
    with pytest.raises(DataError, match=told) as caught:
        act(*arguments, **more)
    return caught.value


def test_samples_and_labels_are_read(tmp_path):
    found = READ(saved(tmp_path / "d.npz", x=X, y=np.array([2, 0, 1])))
    np.testing.assert_array_equal(found.samples, X)
    np.testing.assert_array_equal(found.labels, [2, 0, 1])
    assert (len(found), found.shape, found.name) == (3, (4,), str(tmp_path / "d.npz"))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([2, 0, 1]),
        np.array([2.0, 0.0, 1.0], np.float16),
        np.array([[2], [0], [1]], np.uint8),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], bool),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float64),
        np.array([2, 0, 1], ">i4"),
    ],
)
def test_labels_are_class_numbers_or_one_hot_of_any_type(labels):
    found = checking.from_arrays(X, labels).labels
    np.testing.assert_array_equal(found, [2, 0, 1])
    assert found.dtype == np.int64


def test_without_labels_every_label_is_unknown(tmp_path):
    for arrays in ({"x": X}, {"arr_0": X}):
        np.testing.assert_array_equal(READ(saved(tmp_path / "d.npz", **arrays)).labels, [-1, -1, -1])


def test_x_goes_before_arr_0(tmp_path):
    found = READ(saved(tmp_path / "d.npz", arr_0=np.zeros((2, 1)), x=X))
    np.testing.assert_array_equal(found.samples, X)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f8", "|u1", "<f2", "?"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_any_array_that_numpy_saves_is_read(tmp_path, order, kind, save):
    x = np.asarray(np.arange(24).reshape(2, 3, 4) % 7, kind, order=order)
    save(tmp_path / "d.npz", x=x)
    found = READ(tmp_path / "d.npz")
    np.testing.assert_array_equal(found.samples, x)
    ((start, part),) = found.batches(5)
    assert (start, part.dtype, part.flags.c_contiguous) == (0, np.float32, True)


def test_file_that_is_missing_or_none_is_told(tmp_path):
    assert "npz" in refused(r"none\.npz does not exist", READ, tmp_path / "none.npz").hint
    (tmp_path / "text.npz").write_text("x, y")
    assert "savez" in refused(r"text\.npz cannot be read: File is not a zip", READ, tmp_path / "text.npz").hint
    whole = saved(tmp_path / "d.npz", x=X).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    refused(r"cut\.npz cannot be read", READ, tmp_path / "cut.npz")
    np.save(tmp_path / "single.npy", X)
    refused(r"single\.npy cannot be read", READ, tmp_path / "single.npy")


def test_wrong_keys_are_listed(tmp_path):
    refused(r"d\.npz has no array 'x'; it holds images, y", READ, saved(tmp_path / "d.npz", images=X, y=X))
    refused("it holds nothing", READ, saved(tmp_path / "d.npz"))


def test_objects_are_not_unpickled(tmp_path):
    path = saved(tmp_path / "d.npz", x=np.array([[1], [None]], object))
    refused("array 'x' holds Python objects", READ, path)


def test_arrays_that_are_not_asked_for_are_not_read(tmp_path):
    found = READ(saved(tmp_path / "d.npz", x=X, y=np.array([0, 1, 2]), names=np.array(["a", None], object)))
    np.testing.assert_array_equal(found.labels, [0, 1, 2])


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (np.zeros(3), r"samples have shape \(3,\) and type float64; needed: numbers, \(n, \*shape\)"),
        (np.zeros(()), r"shape \(\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.array([["a"]]), "type <U1"),
        (np.zeros((2, 2), complex), "type complex128"),
        (np.zeros((2, 2), [("a", "f4")]), "needed: numbers"),
    ],
)
def test_samples_that_are_none_are_told_with_shape_and_type(samples, told):
    refused(told, checking.from_arrays, samples, None, "d.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_first_sample_that_is_not_finite_as_float32_is_named(value):
    x = X.copy()
    x[1, 2] = x[2, 0] = value
    refused(
        "data: sample 1 has values that are not finite, or too large; such samples: 2", checking.from_arrays, x, None
    )


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.array([0, 1]), r"3 samples, but labels of shape \(2,\)"),
        (np.array(1), r"3 samples, but labels of shape \(\)"),
        (np.zeros((3, 2, 2)), r"labels have shape \(3, 2, 2\)"),
        (np.array(["a", "b", "c"]), "labels have type <U1"),
        (np.array([[0, 1], [1, 1], [1, 0]]), r"the label of sample 1 is not one-hot: \[1 1\]"),
        (np.array([[0, 1], [0, 1], [0, 0]]), "the label of sample 2 is not one-hot"),
        (np.array([[0, 1], [0.5, 1], [0, 1]]), "the label of sample 1 is not one-hot"),
        (np.array([[0, 1], [0, 1], [0, 2]]), "the label of sample 2 is not one-hot"),
        (np.zeros((3, 0)), "the label of sample 0 is not one-hot"),
        (np.array([0, 1.5, np.nan]), "the label of sample 1 is 1.5, not a class number"),
        (np.array([0, np.nan, 1]), "the label of sample 1 is nan"),
        (np.array([0, 1e300, 1]), "the label of sample 1 is 1e"),
        (np.array([0, 2**64 - 1, 1], np.uint64), "the label of sample 1 is 18446744073709551615"),
    ],
)
def test_labels_that_are_none_are_told_with_the_first_bad_index(labels, told):
    refused(f"d.npz: {told}", checking.from_arrays, X, labels, "d.npz")


def test_file_as_keras_keeps_it_is_read(tmp_path):
    path = saved(tmp_path / "mnist.npz", x_train=X + 1, y_train=[1, 1, 1], x_test=X, y_test=[2, 0, 1])
    np.testing.assert_array_equal(READ(path).samples, X)
    np.testing.assert_array_equal(READ(path).labels, [2, 0, 1])
    np.testing.assert_array_equal(READ(path, calibration=True).samples, X + 1)
    learnt = Npz().read_training(path)
    np.testing.assert_array_equal(learnt.samples, X + 1)
    np.testing.assert_array_equal(learnt.labels, [1, 1, 1])


def test_one_set_is_the_one_to_learn_from(tmp_path):
    learnt = Npz().read_training(saved(tmp_path / "d.npz", x=X, y=[2, 0, 1]))
    np.testing.assert_array_equal(learnt.labels, [2, 0, 1])


def test_samples_to_test_with_are_never_learnt_from(tmp_path):
    refused(r"has no array 'x'", Npz().read_training, saved(tmp_path / "d.npz", x_test=X, y_test=[2, 0, 1]))
    saved(tmp_path / "x_test.npz", arr_0=X)
    saved(tmp_path / "y_test.npz", arr_0=np.eye(3))
    refused(r"x_train\.npz does not exist", Npz().read_training, tmp_path)
    saved(tmp_path / "x_train.npz", arr_0=X + 2)
    saved(tmp_path / "y_train.npz", arr_0=np.eye(3)[::-1])
    learnt = Npz().read_training(tmp_path)
    np.testing.assert_array_equal(learnt.samples, X + 2)
    np.testing.assert_array_equal(learnt.labels, [2, 1, 0])


def test_samples_may_be_divided(tmp_path):
    found = Npz(divisor=255.0).read(saved(tmp_path / "d.npz", x=np.array([[0, 51, 255]], np.uint8)))
    np.testing.assert_allclose(found.samples, [[0, 0.2, 1]], rtol=1e-6)
    assert not checking.check(found).spread.whole


def test_folder_of_the_ancestor_is_read(tmp_path):
    saved(tmp_path / "x_test.npz", arr_0=X)
    saved(tmp_path / "y_test.npz", arr_0=np.eye(3))
    saved(tmp_path / "x_norm.npz", arr_0=X + 1)
    found = READ(tmp_path)
    np.testing.assert_array_equal(found.labels, [0, 1, 2])
    calibration = READ(tmp_path, calibration=True)
    np.testing.assert_array_equal(calibration.samples, X + 1)
    np.testing.assert_array_equal(calibration.labels, [-1, -1, -1])


def test_folder_without_its_files_says_which_is_missing(tmp_path):
    refused(r"x_norm\.npz does not exist", READ, tmp_path, calibration=True)
    saved(tmp_path / "x_test.npz", arr_0=X)
    refused(r"y_test\.npz does not exist", READ, tmp_path)
    saved(tmp_path / "y_test.npz", y=np.eye(3))
    refused(r"y_test\.npz has no array 'arr_0'; it holds y", READ, tmp_path)


def test_batches_are_numbered_and_whole():
    parts = list(Dataset(X, np.zeros(3, np.int64)).batches(2))
    assert [(start, len(part)) for start, part in parts] == [(0, 2), (2, 1)]
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), X)


def test_first_samples_come_with_their_labels():
    data = Dataset(X, np.array([2, 0, 1]))
    assert len(data.first(None)) == 3
    np.testing.assert_array_equal(data.first(2).labels, [2, 0])
    assert len(data.first(99)) == 3


def test_labels_of_another_number_are_refused_on_construction():
    refused(r"3 samples, but labels of shape \(2,\)", Dataset, X, np.zeros(2, np.int64))


def labelled(samples, *labels):
    return Dataset(samples, np.array(labels or [0] * len(samples)), "d.npz")


def test_samples_in_the_order_of_the_source_are_transposed_and_that_is_told():
    x, told = np.random.default_rng(0).random((2, 5, 6, 3)), []
    found = fitting.fit(labelled(x), network((3, 5, 6), layout=(2, 0, 1)), told.append)
    np.testing.assert_array_equal(found.samples, np.moveaxis(x, 3, 1))
    assert "samples (5, 6, 3) are in the source's axis order; transposed to (3, 5, 6)" in told[0].note


def test_samples_in_the_order_of_the_network_are_taken_as_they_are():
    x, told = np.random.default_rng(0).random((2, 3, 5, 6)), []
    assert fitting.fit(labelled(x), network((3, 5, 6), layout=(2, 0, 1)), told.append).samples is x
    assert not told


def test_source_wins_where_both_orders_fit():
    x = np.random.default_rng(0).random((2, 3, 3, 3))
    found = fitting.fit(labelled(x), network((3, 3, 3), layout=(2, 0, 1)))
    np.testing.assert_array_equal(found.samples, np.moveaxis(x, 3, 1))


def test_samples_of_another_shape_are_told_with_both_shapes():
    wrong = labelled(np.zeros((2, 4, 4)))
    refused(r"d\.npz: samples have shape \(4, 4\); layer 'in' takes \(4,\)", fitting.fit, wrong, network())
    told = r"\(5, 6, 3\) \(as the source has it\) or \(3, 5, 6\) \(channels first\)"
    refused(told, fitting.fit, wrong, network((3, 5, 6), layout=(2, 0, 1)))


@pytest.mark.parametrize(("labels", "first", "count"), [((0, 3, 4), 1, 2), ((0, 1, -2), 2, 1)])
def test_labels_out_of_range_are_told_with_the_first(labels, first, count):
    told = rf"label {labels[first]} of sample {first} is no class .* has 3 \(0 to 2\); labels out of range: {count}"
    refused(told, fitting.fit, labelled(X, *labels), network())


def test_unknown_labels_are_let_pass():
    assert fitting.fit(labelled(X, -1, -1, 2), network()).labels[0] == -1


def test_bytes_that_look_undivided_are_warned_about():
    with pytest.warns(ConversionWarning, match="whole numbers up to 255, taken as they are"):
        fitting.fit(labelled(np.full((1, 4), 255, np.uint8)), network())
    fitting.fit(labelled(np.ones((1, 4), np.uint8)), network())
    fitting.fit(labelled(np.full((1, 4), 255.0)), network())
