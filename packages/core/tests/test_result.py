"""What a run found, derived by hand: classes from recordings, shares, latencies, and the files that tell them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from snn import layers as op
from snn import recordings
from snn.clock import Clock
from snn.decoding import decode
from snn.errors import DataError, OutputError
from snn.measures.layer import ErrorPart, LayerMeasures
from snn.neurons import Accumulate, IntegrateFire
from snn.reporters.console import Console
from snn.reporters.files import Files, summary
from snn.result import Result
from snn.simulating import Events, Recording

from . import graphs

FIRE = IntegrateFire(name="out", inputs=("in",))
SUM = Accumulate(name="out", inputs=("in",))
SUM_OF_D = Accumulate(name="out", inputs=("d",))


def classes(layer, *steps):
    """Return the classes of one sample after each of ``steps``."""
    return decode(Recording(np.array(steps, np.float32)[:, None]), layer)[:, 0].tolist()


def test_most_spikes_win_and_among_equals_the_lowest_number():
    assert classes(FIRE, [0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 2, 1], [2, 2, 2]) == [-1, 2, 1, 1, 0]


def test_highest_potential_wins_and_equal_ones_decide_nothing():
    assert classes(SUM, [0, 0, 0], [-3, -1, -2], [5, 5, 1], [2, 2, 2], [0, 0, -1]) == [-1, 1, 0, -1, 0]


def test_output_that_is_no_neuron_counts_spikes():
    assert classes(op.MaxPool(name="p", inputs=("in",), size=(1,), stride=(1,), padding=((0, 0),)), [0, 0], [0, 1]) == [
        -1,
        1,
    ]


def test_one_class_alone_is_always_it():
    assert classes(FIRE, [0], [3]) == classes(SUM, [0], [-3]) == [0, 0]


def test_classes_are_counted_over_all_axes_of_the_output():
    found = decode(Recording(np.array([[[[0, 1], [5, 2]]]], np.float32)), FIRE)
    np.testing.assert_array_equal(found, [[2]])


def result(**fields):
    network = graphs.chain((2,), graphs.dense("d", "in", np.eye(3, 2)))
    given = {
        "name": "n",
        "backend": "b",
        "clock": Clock(2, 0.5),
        "networks": {"spiking": network},
        "labels": np.array([0, 1, 2, -1]),
        "analog": np.array([0, 2, 2, 1]),
        "spiking": np.array([[-1, 1, 0, 1], [0, -1, 2, 1], [0, 1, 1, 1], [0, 1, 2, 1]]),
        "operations": np.arange(16.0).reshape(4, 4),
        "analog_operations": 6,
        "seconds": 0.25,
        "facts": {"cores": 3, "kind": ("a", "b")},
    }
    return Result(**given | fields)


def test_accuracy_counts_undecided_as_wrong_and_leaves_out_the_unlabelled():
    np.testing.assert_allclose(result().accuracy, [1 / 3, 2 / 3, 2 / 3, 1])
    assert result().analog_accuracy == pytest.approx(2 / 3)
    assert result(labels=np.full(4, -1)).accuracy is None
    assert result(labels=np.full(4, -1)).analog_accuracy is None


def test_agreement_is_of_all_samples_and_of_none_without_an_analog_network():
    np.testing.assert_allclose(result().agreement, [1 / 4, 3 / 4, 2 / 4, 3 / 4])
    assert result(analog=None).agreement is None
    assert result(analog=None).analog_accuracy is None


def test_top_k_counts_ranks_of_the_labelled():
    ranks = np.array([[3, 0, 2, -1], [0, 1, 2, -1]])
    found = result(ranks=ranks, analog_ranks=np.array([0, 1, 2, -1]))
    np.testing.assert_allclose(found.top(1), [1 / 3, 1 / 3])
    np.testing.assert_allclose(found.top(2), [1 / 3, 2 / 3])
    assert (found.analog_top(2), found.analog_top(3)) == (pytest.approx(2 / 3), 1)
    assert result().top(2) is None


def test_confusion_has_a_row_a_label_and_a_last_column_for_no_decision():
    # labels 0, 1, 2 and unknown; the spiking network says nothing, 1, 0 and 1 in the first step
    np.testing.assert_array_equal(result().confusion(result().spiking[0]), [[0, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(result().confusion(result().analog), [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]])


def test_neurons_are_updated_once_a_step():
    network = graphs.chain((2,), graphs.dense("d", "in", np.eye(3, 2)), IntegrateFire(name="out", inputs=("d",)))
    np.testing.assert_array_equal(result(networks={"spiking": network}).neuron_operations, [3, 6, 9, 12])


def test_energy_counts_what_a_constant_input_passes_once_as_multiply_adds():
    # 13.5 operations a sample, of which 6 are the multiply-adds of a dense layer of 2 x 3; 4.6 and 0.9 pJ
    network = graphs.chain((2,), graphs.dense("d", "in", np.ones((3, 2))), SUM_OF_D)
    found = result(networks={"spiking": network}).energy[0]
    assert found.spiking == pytest.approx((6 * 4.6 + 7.5 * 0.9 + 4 * 3 * 1.8) * 1e-12)
    spikes = result(networks={"spiking": network}, current=False).energy[0]
    assert spikes.spiking == pytest.approx((13.5 * 0.9 + 4 * 3 * 1.8) * 1e-12)
    assert result(operations=None).energy == ()


def test_latency_is_the_end_of_the_first_step_from_which_the_class_stays():
    # -1 0 0 0: from the second step; 1 -1 1 1: third; 0 2 1 2: fourth; 1 1 1 1: first; a step is 0.5 ms
    np.testing.assert_array_equal(result().latency_ms, [1.0, 1.5, 2.0, 0.5])


def test_operations_are_those_up_to_the_last_step():
    assert result().operations_per_sample == (12 + 13 + 14 + 15) / 4
    assert result(operations=None).operations_per_sample is None
    assert (result().samples, result().steps) == (4, 4)


def test_files_hold_the_summary_every_sample_and_every_step(tmp_path):
    Files().report(result(), tmp_path)
    told = json.loads((tmp_path / "result.json").read_text())
    assert (told["accuracy"], told["agreement"], told["latency_ms"]) == (1.0, 0.75, 1.25)
    assert told["facts"] == {"cores": 3, "kind": "('a', 'b')"}
    assert set(told["digests"]) == {"spiking"}
    with (tmp_path / "samples.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {"index": "1", "label": "1", "analog": "2", "spiking": "1", "correct": "1", "operations": "13.0"}
    assert (rows[3]["label"], rows[3]["correct"]) == ("", "")
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    known = {"time_ms": 1.5, "accuracy": 2 / 3, "agreement": 0.5, "operations": 9.5, "neuron_operations": 0}
    assert {key: float(rows[2][key]) for key in known} == known
    # 2 of 3, z^2 = 3.8415: (2/3 + 0.64024 ± 1.95996 sqrt(2/27 + 0.106708)) / 2.28049
    assert [float(rows[2][f"accuracy_{end}"]) for end in ("low", "high")] == pytest.approx([0.20766, 0.93851], abs=1e-5)


def test_samples_have_the_numbers_of_their_data_set(tmp_path):
    Files().report(result(numbers=np.array([3, 5, 8, 13])), tmp_path)
    rows = (tmp_path / "samples.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["3", "5", "8", "13"]


def test_what_is_not_known_is_left_empty(tmp_path):
    unknown = result(labels=np.full(4, -1), analog=None, operations=None, analog_operations=None)
    Files().report(unknown, tmp_path)
    told = json.loads((tmp_path / "result.json").read_text())
    assert {told[key] for key in ("accuracy", "agreement", "analog_accuracy", "operations_per_sample")} == {None}
    assert (tmp_path / "samples.csv").read_text().splitlines()[1] == "0,,,0,,"
    assert (tmp_path / "curve.csv").read_text().splitlines()[1] == "0.5,,,,,,,,,0.0"


def test_summary_is_json_that_every_reader_takes():
    facts = {"a": np.float64("nan"), "b": np.int64(3), "c": np.float32(0.5), "d": float("inf"), "e": True, "f": None}
    text = json.dumps(summary(result(facts=facts)), allow_nan=False)
    assert json.loads(text)["facts"] == {"a": "nan", "b": 3, "c": 0.5, "d": "inf", "e": True, "f": "None"}


def test_files_are_not_written_without_a_folder_and_told_where_they_cannot_be(tmp_path):
    Files().report(result(), None)
    with pytest.raises(OutputError, match=r"result\.json cannot be written"):
        Files().report(result(), tmp_path / "none")


def test_console_tells_layers_with_the_largest_parts_and_the_advice(capsys):
    budget = {"clipping": ErrorPart(0, 0, 0.3), "quantisation": ErrorPart(0, 0, 0.1), "inherited": ErrorPart(0, 0, 0)}
    layer = LayerMeasures(
        "c[1]", "IntegrateFire", 8, 4, 4, silent=2, saturated=1, correlation=0.5, deviation=ErrorPart(0, 0.4, 0.4),
        budget=budget,
    )  # fmt: skip
    Console().report(result(layers=(layer,)), None)
    told = " ".join(capsys.readouterr().out.split())
    assert "c[1] │ 0.5000 │ 0.4000 │ clipping 75 % │ 25 % │ 12 %" in told
    assert "│ quantisation 25 % │" in told
    assert "note: layer 'c[1]' is the first whose correlation with the analog network is under 0.95 (0.500)" in told


def test_console_tells_why_layers_are_not_compared(capsys):
    layers = tuple(LayerMeasures(name, "IntegrateFire", 8, 4, unsplit="samples stop early") for name in "ab")
    Console().report(result(layers=layers), None)
    assert capsys.readouterr().out.count("not compared with the analog network: samples stop early") == 1


def test_console_tells_the_table_and_what_is_unknown(capsys, tmp_path):
    Console().report(result(), tmp_path)
    out = capsys.readouterr().out
    for words in ("n on b: 4 samples", "100.00 %", "75.00 %", "0.5 ms", "2 ms", "2.25 × the analog network's 6"):
        assert words in out
    Console().report(result(labels=np.full(4, -1), analog=None, operations=None, analog_operations=None), None)
    assert "–" in capsys.readouterr().out


def test_recordings_are_kept_a_file_a_batch(tmp_path):
    events = Events(
        *(np.array(part, kind) for part, kind in (([0, 2], "i4"), ([0, 1], "i4"), ([3, 0], "i4"), ([1, -1], "i1")))
    )
    recording = Recording(
        np.zeros((3, 2, 1)),
        counts={"conv/1": np.ones((2, 4))},
        spikes={"n": events},
        potentials={"n": np.zeros((3, 2, 4))},
    )
    recordings.save(recording, tmp_path, 200, {"n": (2, 2)})
    file = tmp_path / "recordings" / "000200.npz"
    with np.load(file) as arrays:
        assert set(arrays) == {
            "counts/conv/1",
            "potentials/n",
            *(f"spikes/n/{part}" for part in ("number", "neuron", "shape", "sign")),
        }
        np.testing.assert_array_equal(arrays["spikes/n/neuron"], [3, 0])
        np.testing.assert_array_equal(arrays["spikes/n/number"], [[1, 0], [0, 0], [0, 1]])
    kept = recordings.load(file)
    np.testing.assert_array_equal(kept.counts["conv/1"], recording.counts["conv/1"])
    np.testing.assert_array_equal(kept.potentials["n"], recording.potentials["n"])
    for part in ("step", "sample", "neuron", "sign"):
        np.testing.assert_array_equal(getattr(kept.spikes["n"], part), getattr(events, part))
    dense = kept.dense("n")
    assert dense.shape == (3, 2, 2, 2)
    assert [tuple(place) for place in np.argwhere(dense)] == [(0, 0, 1, 1), (2, 1, 0, 0)]
    assert (dense[0, 0, 1, 1], dense[2, 1, 0, 0]) == (1, -1)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"spikes/n/number": [[1, 1]]}, "do not go together"),
        ({"spikes/n/number": [1]}, "wrong shapes"),
        ({"spikes/n/neuron": [4]}, "not of shape"),
        ({"spikes/n/shape": [2**40, 2**10]}, "not of shape"),
        ({"spikes/n/shape": [0]}, "do not go together"),
        ({"spikes/n/sign": [1, 1]}, "wrong shapes"),
        ({"spikes/n/shape": None}, "no array 'spikes/n/shape'"),
        ({"other": [1]}, "none of a recording"),
        ({"spikes/n/neuron": np.array([None])}, "Python objects"),
    ],
)
def test_a_recording_that_does_not_hold_together_is_refused(changed, told, tmp_path):
    arrays = {"spikes/n/number": [[1]], "spikes/n/neuron": [3], "spikes/n/shape": [4]} | changed
    np.savez(tmp_path / "r.npz", **{name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(DataError, match=told):
        recordings.load(tmp_path / "r.npz")


def test_events_become_an_array_of_signed_spikes():
    events = Events(np.array([0, 1, 1]), np.array([0, 0, 0]), np.array([3, 0, 0]), np.array([1, -1, -1], np.int8))
    dense = events.dense(2, 1, (2, 2))
    assert dense.shape == (2, 1, 2, 2)
    np.testing.assert_array_equal(dense[:, 0], [[[0, 0], [0, 1]], [[-2, 0], [0, 0]]])
