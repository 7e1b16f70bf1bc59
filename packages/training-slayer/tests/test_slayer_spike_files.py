import numpy as np
import pytest
import snn_training_slayer as slayer
import torch
from hypothesis import given
from hypothesis import strategies as st
from snn.errors import DataError, OutputError, SettingsError
from snn_training_slayer import spike_files
from snn_training_slayer.spike_files import Event

BS1 = bytes([0x01, 0x2C, 0x80, 0x03, 0xE8])  # neuron 300, ON, 1 ms
BS2 = bytes([0x21, 0x07, 0x7F, 0xFF, 0xFF])  # x 33, y 7, OFF, the last µs of 23 bits
BS3 = bytes([0xAB, 0xC1, 0x23, 0x45, 0x01, 0x02, 0x03])  # x 0xABC, y 0x123, channel 0x45, 0x010203 µs
BSN = bytes([0x01, 0x02, 0x00, 0x00, 0x01, 0x0A, 0x0B, 0x0C, 0x02, 0x03])  # neuron 258, 1 to 0x0A0B0C µs, 515 spikes


def columns(events):
    rows = None if events.y is None else events.y.tolist()
    return events.x.tolist(), rows, events.p.tolist(), events.t.tolist()


def test_bs1_holds_16_bits_of_neuron_a_polarity_and_23_bits_of_time(tmp_path):
    path = tmp_path / "a.bs1"
    spike_files.write_1d_spikes(path, Event([300], None, [1], [1.0]))
    assert path.read_bytes() == BS1
    assert columns(spike_files.read_1d_spikes(path)) == ([300], None, [1], [1.0])


def test_bs2_holds_addresses_of_8_bits(tmp_path):
    path = tmp_path / "a.bs2"
    spike_files.write_2d_spikes(path, Event([33], [7], [0], [8388.607]))
    assert path.read_bytes() == BS2
    assert columns(spike_files.read_2d_spikes(path)) == ([33], [7], [0], [8388.607])


def test_bs3_holds_addresses_of_12_bits_that_share_a_byte(tmp_path):
    path = tmp_path / "a.bs3"
    spike_files.write_3d_spikes(path, Event([0xABC], [0x123], [0x45], [66.051]))
    assert path.read_bytes() == BS3
    assert columns(spike_files.read_3d_spikes(path)) == ([0xABC], [0x123], [0x45], [66.051])


def test_bsn_holds_regions_and_counts(tmp_path):
    path = tmp_path / "a.bsn"
    spike_files.write_1d_spike_counts(path, [258], [0.001], [658.188], [515])
    assert path.read_bytes() == BSN
    found = spike_files.read_1d_spike_counts(path)
    assert [column.tolist() for column in found] == [[258], [0.001], [658.188], [515]]


def test_numpy_files_hold_a_row_an_event(tmp_path):
    path = tmp_path / "a.npy"
    spike_files.write_numpy_spikes(path, Event([1, 4], [2, 5], [0, 1], [3.0, 6.0]), time_unit=1e-6)
    assert np.load(path).tolist() == [[1, 2, 0, 3000], [4, 5, 1, 6000]]
    assert columns(spike_files.read_numpy_spikes(path, time_unit=1e-6)) == ([1, 4], [2, 5], [0, 1], [3.0, 6.0])


def test_numpy_files_of_three_columns_have_no_rows(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[7, 1, 2]], np.int16))
    assert columns(spike_files.read_numpy_spikes(tmp_path / "a.npy")) == ([7], None, [1], [2.0])


def test_columns_of_numpy_files_may_have_another_order(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[2, 7, 8, 1]]))
    assert columns(spike_files.read_numpy_spikes(tmp_path / "a.npy", "txyp")) == ([7], [8], [1], [2.0])
    spike_files.write_numpy_spikes(tmp_path / "b", Event([7], [8], [1], [2.0]), fmt="txyp")
    assert np.load(tmp_path / "b.npy").tolist() == [[2, 7, 8, 1]]


@given(
    events=st.lists(
        st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 1), st.integers(0, 2**23 - 1)), max_size=20
    ),
    kind=st.sampled_from(["1D", "2D", "3D", "Np"]),
)
def test_what_is_written_is_read(tmp_path_factory, events, kind):
    path = tmp_path_factory.getbasetemp() / "round.npy"
    x, y, p, time_us = np.array(events, np.int64).reshape(-1, 4).T
    written = Event(x, None if kind == "1D" else y, p, time_us / 1000)
    getattr(spike_files, f"encode{kind}{'Spikes' if kind == 'Np' else 'spikes'}")(path, written)
    read = getattr(spike_files, f"read{kind}{'Spikes' if kind == 'Np' else 'spikes'}")(path)
    assert columns(read) == columns(written)


@pytest.mark.parametrize(
    ("write", "event", "told"),
    [
        ("encode1Dspikes", Event([65536], None, [0], [0]), "neuron 65536 does not fit into its 16 bits"),
        ("encode1Dspikes", Event([0], None, [2], [0]), "polarity 2 does not fit into its 1 bits"),
        ("encode1Dspikes", Event([0], None, [0], [8388.608]), "time in µs 8388608 does not fit into its 23 bits"),
        ("encode1Dspikes", Event([0], None, [0], [-0.001]), "time in µs -1 does not fit"),
        ("encode1Dspikes", Event([0], None, [0], [1e300]), "does not fit"),
        ("encode1Dspikes", Event([0], [0], [0], [0]), "the events have rows"),
        ("encode2Dspikes", Event([256], [0], [0], [0]), "x 256 does not fit into its 8 bits"),
        ("encode2Dspikes", Event([0], [-1], [0], [0]), "y -1 does not fit into its 8 bits"),
        ("encode2Dspikes", Event([0], None, [0], [0]), "the events have no rows"),
        ("encode3Dspikes", Event([0], [4096], [0], [0]), "y 4096 does not fit into its 12 bits"),
        ("encode3Dspikes", Event([0], [0], [256], [0]), "channel 256 does not fit into its 8 bits"),
        ("encode3Dspikes", Event([0], [0], [0], [16777.216]), "time in µs 16777216 does not fit into its 24 bits"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_earlier_file_stays(tmp_path, write, event, told):
    path = tmp_path / "a"
    path.write_bytes(b"earlier")
    with pytest.raises(OutputError, match=told) as error:
        getattr(spike_files, write)(path, event)
    assert str(path) in str(error.value)
    assert path.read_bytes() == b"earlier"


def test_counts_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(OutputError, match="number of spikes 65536 does not fit into its 16 bits"):
        spike_files.write_1d_spike_counts(tmp_path / "a", [0], [0], [1], [65536])
    with pytest.raises(OutputError, match="columns of"):
        spike_files.write_1d_spike_counts(tmp_path / "a", [0, 1], [0], [1], [2])


def test_neurons_above_255_are_not_corrupted_in_bs1_nor_rows_in_bs3(tmp_path):
    spike_files.write_1d_spikes(tmp_path / "a", Event([255, 256, 300, 65535], None, [0] * 4, [0] * 4))
    assert spike_files.read_1d_spikes(tmp_path / "a").x.tolist() == [255, 256, 300, 65535]
    spike_files.write_3d_spikes(tmp_path / "b", Event([1, 2], [256, 4095], [0, 0], [0, 0]))
    assert spike_files.read_3d_spikes(tmp_path / "b").y.tolist() == [256, 4095]


def test_recordings_of_on_events_alone_stay_on(tmp_path):
    spike_files.write_2d_spikes(tmp_path / "a", Event([1], [1], [1], [0]))
    assert spike_files.read_2d_spikes(tmp_path / "a").p.tolist() == [1]
    assert Event([0], None, [1], [0]).to_spike_array().tolist() == [[[0.0]], [[1.0]]]


READERS = ["read1Dspikes", "read2Dspikes", "read3Dspikes", "read1DnumSpikes", "readNpSpikes"]


@pytest.mark.parametrize("reader", READERS)
def test_missing_files_folders_and_cut_files_are_one_error_that_names_the_file(tmp_path, reader):
    for path, content in ((tmp_path / "none", None), (tmp_path, None), (tmp_path / "cut", b"abc")):
        if content:
            path.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read") as error:
            getattr(spike_files, reader)(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("reader", READERS)
def test_files_beyond_the_limit_are_not_read(tmp_path, reader):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**31)  # it takes no room on the disk
    with pytest.raises(DataError, match="more than"):
        getattr(spike_files, reader)(tmp_path / "large")


@given(content=st.binary(max_size=200), reader=st.sampled_from(READERS))
def test_any_bytes_are_events_or_a_data_error(tmp_path_factory, content, reader):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        getattr(spike_files, reader)(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017


@given(header=st.text(st.sampled_from("{}'descrfotnape:<>i8(),O-0123456789 TrueFals\n"), max_size=80))
def test_any_header_of_a_numpy_file_is_events_or_a_data_error(tmp_path_factory, header):
    path = tmp_path_factory.getbasetemp() / "header"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"0" * 64)
    try:
        spike_files.read_numpy_spikes(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017


def test_numpy_files_of_objects_or_false_sizes_are_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([[{}] * 4]), allow_pickle=True)
    np.savez(tmp_path / "several.npz", a=np.zeros((1, 4)))
    np.save(tmp_path / "text.npy", np.array([["a"] * 4]))
    np.save(tmp_path / "flat.npy", np.zeros(4))
    np.save(tmp_path / "half.npy", np.array([[0.5, 0, 0, 0]]))
    np.save(tmp_path / "nan.npy", np.array([[0, 0, 0, np.nan]]))
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 4)}\n"
    (tmp_path / "claims.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"0" * 64)
    for path in tmp_path.iterdir():
        with pytest.raises(DataError, match=path.name):
            spike_files.read_numpy_spikes(path)


def test_numpy_files_have_columns_and_units(tmp_path):
    with pytest.raises(SettingsError, match="columns"):
        spike_files.read_numpy_spikes(tmp_path / "a", fmt="xyt")
    with pytest.raises(SettingsError, match="unit"):
        spike_files.read_numpy_spikes(tmp_path / "a", time_unit=0)
    with pytest.raises(OutputError, match="no y"):
        spike_files.write_numpy_spikes(tmp_path / "a", Event([0], [0], [0], [0]), fmt="xpt")


def test_times_fall_into_the_nearest_bin_half_to_even():
    times = [0.5, 1.5, 2.5, 3.49, 3.51]
    array = Event([0] * 5, None, [0] * 5, times).to_spike_array()
    assert array.tolist() == [[[1, 0, 1, 1, 1]]]
    assert Event([0] * 2, None, [0] * 2, [1, 5]).to_spike_array(2).tolist() == [[[0.5, 0, 0.5]]]


def test_the_keywords_and_attributes_of_the_original_name_the_columns():
    events = slayer.io.event(xEvent=[3], yEvent=None, pEvent=[1], tEvent=[4])
    assert columns(events) == columns(Event(t=[4], p=[1], x=[3])) == ([3], None, [1], [4])
    events = Event([3], [2], pEvent=[1], tEvent=[4])
    assert [events.xEvent, events.yEvent, events.pEvent, events.tEvent] == [[3], [2], [1], [4]]
    with pytest.raises(TypeError, match="got x and xEvent"):
        Event([3], xEvent=[3], p=[1], t=[4])
    for name in ("zEvent", "z", "Event", "xEventEvent"):
        with pytest.raises(TypeError, match=f"no '{name}'"):
            Event([3], None, [1], [4], **{name: [1]})
    with pytest.raises(DataError, match="no p, t"):
        Event([3])


def test_arrays_are_channel_row_column_time():
    array = Event([3], [2], [1], [4]).to_spike_array()
    assert array.shape == (2, 3, 4, 5)
    assert np.argwhere(array).tolist() == [[1, 2, 3, 4]]
    assert Event([3], None, [1], [4]).to_spike_array().shape == (2, 4, 5)


def test_events_outside_the_array_are_left_out():
    events = Event([0, -1, 0, 5, 0], [0, 0, -1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0])
    assert np.argwhere(events.to_spike_array(dim=(1, 2, 2, 2))).tolist() == [[0, 0, 0, 0]]
    before = Event([0, 0], None, [0, 0], [-1, 9])
    assert not before.to_spike_array(dim=(1, 1, 3)).any()
    assert not before.to_spike_tensor(torch.zeros(1, 1, 1, 3)).any()


def test_or_tells_whether_and_sum_how_many():
    events = Event([0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1.2, 0.8, 0])
    either = events.to_spike_tensor(torch.zeros(1, 1, 2, 2), sampling_time=0.5)
    assert either.tolist() == [[[[0, 0], [2, 0]]]]
    both = events.to_spike_tensor(torch.zeros(1, 1, 2, 2), binning_mode="SUM")
    assert both.tolist() == [[[[0, 3], [1, 0]]]]
    half = events.to_spike_tensor(torch.zeros(1, 1, 2, 2), 2, False, "SUM")
    assert half.tolist() == [[[[1, 0.5], [0.5, 0]]]]  # 1 ms is half a bin, which goes to the even one


def test_tensors_of_events_without_rows_have_one_row():
    tensor = Event([2], None, [1], [3]).toSpikeTensor(torch.zeros(2, 1, 4, 5), samplingTime=1)
    assert tensor.nonzero().tolist() == [[1, 0, 2, 3]]


def test_the_given_tensor_is_filled():
    tensor = torch.zeros(1, 1, 1, 1)
    assert Event([0], None, [0], [0]).to_spike_tensor(tensor) is tensor
    assert tensor.item() == 1


@given(seed=st.integers(0, 1000), last=st.integers(0, 12))
def test_a_random_shift_keeps_distances_and_loses_no_bin_it_needs_not(seed, last):
    torch.manual_seed(seed)
    events = Event([0] * (last + 1), None, [0] * (last + 1), np.arange(last + 1) + 3.0)
    tensor = events.to_spike_tensor(torch.zeros(1, 1, 1, 8), random_shift=True).flatten()
    bins = tensor.nonzero().flatten()
    assert len(bins) == min(last + 1, 8)
    assert torch.equal(bins, torch.arange(len(bins)) + bins[0])


def test_random_shifts_reach_every_place():
    torch.manual_seed(0)
    event = Event([0], None, [0], [100.0])
    places = {
        int(event.toSpikeTensor(torch.zeros(1, 1, 1, 4), randomShift=True).flatten().argmax()) for _ in range(100)
    }
    assert places == {0, 1, 2, 3}


@given(
    events=st.lists(
        st.tuples(st.integers(-2, 6), st.integers(-2, 6), st.integers(0, 3), st.floats(-10, 30)), max_size=30
    ),
    sampling_time=st.sampled_from([0.1, 0.5, 1, 3]),
)
def test_binning_is_that_of_a_plain_loop(events, sampling_time):
    x, y, p, t = (list(column) for column in zip(*events, strict=True)) if events else ([], [], [], [])
    shape = (2, 4, 5, 12)
    counts = np.zeros(shape)
    for column, row, channel, time in zip(x, y, p, t, strict=True):
        place = channel, row, column, round(time / sampling_time)
        if all(0 <= number < size for number, size in zip(place, shape, strict=True)):
            counts[place] += 1
    found = Event(x, y, p, t)
    summed = found.to_spike_tensor(torch.zeros(shape, dtype=torch.float64), sampling_time, binning_mode="SUM")
    np.testing.assert_allclose(summed.numpy(), counts / sampling_time, rtol=1e-12)
    either = found.to_spike_array(sampling_time, shape)
    np.testing.assert_array_equal(either, ((counts > 0) / sampling_time).astype(np.float32))


def test_arrays_become_events_and_events_arrays():
    array = np.zeros((2, 3, 4, 5), np.float32)
    array[1, 2, 3, 4] = array[0, 1, 0, 2] = 0.5
    events = spike_files.spikeArrayToEvent(array, samplingTime=2)
    assert columns(events) == ([0, 3], [1, 2], [0, 1], [4.0, 8.0])
    assert np.array_equal(events.to_spike_array(2), array)
    assert columns(spike_files.spike_array_to_event(array[:, 0])) == ([], None, [], [])


def test_nothing_of_other_shapes_is_taken_for_spikes():
    with pytest.raises(DataError, match="no bins"):
        spike_files.spike_array_to_event(np.zeros((2, 2)))
    with pytest.raises(DataError, match="four axes"):
        Event([0], None, [0], [0]).to_spike_tensor(torch.zeros(1, 1, 1))
    with pytest.raises(DataError, match="do not fit into dim"):
        Event([0], None, [0], [0]).to_spike_array(dim=(1, 1, 1, 1))
    with pytest.raises(DataError, match="more than"):
        Event([65535], [4095], [0], [1e6]).to_spike_array()
    with pytest.raises(SettingsError, match="binning mode"):
        Event([0], None, [0], [0]).to_spike_tensor(torch.zeros(1, 1, 1, 1), binning_mode="XOR")
    for width in (0, -1, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match="no time"):
            Event([0], None, [0], [0]).to_spike_array(width)


@pytest.mark.parametrize(
    ("x", "y", "p", "t", "told"),
    [
        ([0, 1], None, [0], [0], r"columns of \[1, 2\] values"),
        ([0.5], None, [0], [0], "x of an event is 0.5"),
        ([0], [1e300], [0], [0], "y of an event is 1e"),
        ([2**64 - 1], [1], [0], [0], "no whole number"),
        ([0], None, [-1], [0], "polarity -1"),
        ([0], None, [0], [np.nan], "time of an event is nan"),
        ([0], None, [0], ["a"], "no list of numbers"),
        ([[0]], None, [0], [0], "no list of numbers"),
    ],
)
def test_what_is_no_event_is_told(x, y, p, t, told):
    with pytest.raises(DataError, match=told):
        Event(x, y, p, t)


def test_the_names_of_the_original_are_ours():
    assert slayer.io is spike_files
    assert slayer.io.event is Event
    assert slayer.io.read2Dspikes is spike_files.read_2d_spikes
    assert Event.toSpikeArray.__wrapped__ is Event.to_spike_array
    with pytest.raises(TypeError, match="both spellings"):
        Event([0], None, [0], [0]).toSpikeArray(samplingTime=1, sampling_time=1)


def test_a_film_has_a_frame_for_each_part_of_a_second(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    for events in (Event([0, 1], [0, 1], [0, 1], [0, 99]), Event([0, 1], None, [0, 1], [0, 99])):
        film = spike_files.animTD(events, fps := 20)
        film.save(tmp_path / "film.gif", writer="pillow", fps=fps)
        from PIL import Image

        with Image.open(tmp_path / "film.gif") as image:
            assert image.n_frames == 2
    plt.close("all")
    with pytest.raises(SettingsError, match="no events"):
        spike_files.animate(Event([], None, [], []))
    with pytest.raises(SettingsError, match="too long"):
        spike_files.animate(Event([0, 0], None, [0, 0], [0, 1e12]))


def test_show_waits_for_the_window(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf().canvas.draw()))
    spike_files.showTD(Event([0], None, [0], [0]), frameRate=24, preComputeFrames=True, repeat=False)
    plt.close("all")
    assert len(shown) == 1


def test_recordings_of_n_mnist_are_written_as_they_were_read(tmp_path, n_mnist):
    for name in ("1.bs2", "10.bs2"):
        events = spike_files.read_2d_spikes(n_mnist / name)
        assert events.x.max() < 34
        assert events.y.max() < 34
        assert set(events.p.tolist()) == {0, 1}
        assert 250 < events.t.max() < 350
        spike_files.write_2d_spikes(tmp_path / name, events)
        assert (tmp_path / name).read_bytes() == (n_mnist / name).read_bytes()
    wanted = n_mnist / "3.bsn"
    neuron, start, end, count = spike_files.read_1d_spike_counts(wanted)
    assert neuron.tolist() == list(range(10))
    assert sorted(count.tolist()) == [10] * 9 + [60]
    spike_files.write_1d_spike_counts(tmp_path / "a.bsn", neuron, start, end, count)
    assert (tmp_path / "a.bsn").read_bytes() == wanted.read_bytes()
