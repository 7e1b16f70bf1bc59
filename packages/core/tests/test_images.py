"""Images become samples: decoded, scaled, cut, and brought to the values that the network was trained on."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from snn import checking
from snn.errors import ConversionWarning, DataError, SettingsError
from snn.readers.images import Images

from .test_damage import bounded

Image = pytest.importorskip("PIL.Image")

RGB = np.array([[[255, 0, 0], [0, 51, 102], [10, 20, 30]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]], np.uint8)


def put(path, values=RGB):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def png(width, height, rows, depth=8, colour=2):
    """Write a PNG by hand: a head that claims any size, and what its rows pack to."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def only(path, **settings):
    data = Images(**settings).read(path)
    (sample,) = data.samples
    assert (sample.dtype, sample.shape) == (np.float32, data.shape)
    return sample


def test_png_written_by_hand_has_its_pixels(tmp_path):
    (tmp_path / "a.png").write_bytes(png(2, 1, bytes([0, 255, 0, 51, 102, 204, 0])))
    np.testing.assert_allclose(only(tmp_path / "a.png")[:, 0], [[1, 0.4], [0, 0.8], [0.2, 0]], rtol=1e-6)


def test_channels_come_first_and_values_are_divided(tmp_path):
    path = put(tmp_path / "a.png")
    np.testing.assert_allclose(only(path), np.moveaxis(RGB, 2, 0) / 255, rtol=1e-6)
    np.testing.assert_array_equal(only(path, divisor=1.0, bgr=True), np.moveaxis(RGB[..., ::-1], 2, 0))


def test_mean_is_taken_off_and_deviation_divided_by(tmp_path):
    path = put(tmp_path / "a.png")
    found = only(path, divisor=1.0, mean=(1.0, 2.0, 3.0), deviation=(2.0,))
    np.testing.assert_array_equal(found, (np.moveaxis(RGB, 2, 0) - np.reshape([1, 2, 3], (3, 1, 1))) / 2)


@pytest.mark.parametrize("shape", [(3, 2, 3), (3, 1, 1), (1, 2, 3)])
@pytest.mark.parametrize("save", [np.save, np.savez_compressed])
def test_mean_may_be_an_array_in_a_file(tmp_path, shape, save):
    mean = np.random.default_rng(0).random(shape)
    name = "mean.npy" if save is np.save else "mean.npz"
    save(tmp_path / name, mean)
    found = only(put(tmp_path / "a.png"), divisor=1.0, mean_file=name)
    np.testing.assert_allclose(found, np.moveaxis(RGB, 2, 0) - mean, rtol=1e-6)


def test_mean_that_does_not_fit_or_is_none_is_told(tmp_path):
    path = put(tmp_path / "a.png")
    np.save(tmp_path / "mean.npy", np.zeros((2, 3, 3)))
    with pytest.raises(DataError, match=r"the mean has shape \(2, 3, 3\); the images have \(3, 2, 3\)"):
        only(path, mean_file="mean.npy")
    np.save(tmp_path / "mean.npy", np.array([None]), allow_pickle=True)
    with pytest.raises(DataError, match=r"mean\.npy cannot be read: .*unpickled"):
        only(path, mean_file="mean.npy")
    with pytest.raises(DataError, match=r"none\.npy cannot be read"):
        only(path, mean_file="none.npy")


def test_grey_is_one_channel_of_the_luminance_of_itu_601(tmp_path):
    found = only(put(tmp_path / "a.png"), colour=False, divisor=1.0)
    assert found.shape == (1, 2, 3)
    np.testing.assert_allclose(found[0], RGB @ [0.299, 0.587, 0.114], atol=1)


def test_image_is_scaled_and_then_cut_to_its_middle(tmp_path):
    wide = np.repeat(np.repeat(RGB, 4, 0), 4, 1)
    path = put(tmp_path / "a.png", wide)  # 12 x 8
    assert only(path, resize=(6, 2)).shape == (3, 2, 6)
    assert only(path, shorter=4).shape == (3, 4, 6)
    np.testing.assert_array_equal(only(path, crop=(4, 2), divisor=1.0), np.moveaxis(wide[3:5, 4:8], 2, 0))
    assert only(path, shorter=4, crop=(4, 4)).shape == (3, 4, 4)
    with pytest.raises(DataError, match=r"a\.png cannot be read: its 12 x 8 pixels are fewer than the 4 x 9 to keep"):
        only(path, crop=(4, 9))


def test_scaling_keeps_an_image_of_one_colour(tmp_path):
    path = put(tmp_path / "a.png", np.full((20, 30, 3), 51, np.uint8))
    np.testing.assert_allclose(only(path, resize=(7, 7)), np.full((3, 7, 7), 0.2), rtol=1e-6)


def test_folders_are_classes(tmp_path):
    for name in ("cat/1.png", "cat/2.jpg", "ant/3.bmp"):
        put(tmp_path / name)
    found = Images().read(tmp_path)
    assert (found.labels.tolist(), found.shape) == ([0, 1, 1], (3, 2, 3))


def test_settings_that_do_not_go_together_are_refused():
    for settings, told in (
        ({"mean": (1.0, 2.0)}, "mean: 3 channels need 1 or 3 numbers"),
        ({"colour": False, "deviation": (1.0, 2.0, 3.0)}, "deviation: 1 channels"),
        ({"mean": (1.0,), "mean_file": "m.npy"}, "mean and mean_file: give one"),
        ({"shorter": 3, "resize": (3, 3)}, "shorter and resize: give one"),
    ):
        with pytest.raises(ValueError, match=told):
            Images(**settings)
    with pytest.raises(SettingsError):
        Images(crop=(0, 3))


def test_each_damaged_image_is_told_and_can_be_left_out(tmp_path):
    for name in ("0/a.png", "0/d.png", "1/e.png"):
        put(tmp_path / name)
    whole = (tmp_path / "0/a.png").read_bytes()
    (tmp_path / "0/a.png").write_bytes(whole[:45])
    (tmp_path / "0/b.png").write_bytes(b"")
    (tmp_path / "1/c.jpg").write_text("no image")
    put(tmp_path / "1/f.png", RGB[:1])
    data = Images().read(tmp_path)
    assert (len(data), data.shape) == (6, (3, 2, 3))
    with pytest.raises(DataError) as caught:
        checking.check(data)
    lines = str(caught.value).splitlines()
    assert [line.split(" ")[0].rpartition("/")[2] for line in lines] == ["a.png", "b.png", "c.jpg", "f.png"]
    assert "has shape (3, 1, 3); the first image has (3, 2, 3)" in lines[3]
    with pytest.warns(ConversionWarning, match="4 of 6 samples are bad and left out"):
        kept = checking.check(data, skip_bad=True)
    assert (kept.skipped, kept.labels.tolist(), kept.numbers.tolist()) == (4, [0, 1], [2, 4])


def test_folder_without_a_whole_image_is_told(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(DataError, match=r"a\.png cannot be read"):
        Images().read(tmp_path)


def test_bombs_are_refused_before_memory_is_taken(tmp_path):
    (tmp_path / "a.png").write_bytes(png(30_000, 30_000, bytes(1000)))
    with bounded(extra=2**28), pytest.raises(DataError, match=r"a\.png cannot be read: .*pixels"):
        Images().read(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(png(9_000, 9_000, bytes(1000)))
    with bounded(extra=2**28), pytest.raises(DataError, match="9000 x 9000 pixels; more than 67108864 are not read"):
        Images().read(tmp_path / "a.png")
    put(tmp_path / "b.png")
    with bounded(extra=2**28), pytest.raises(DataError, match="scaled, it has"):
        Images(shorter=100_000).read(tmp_path / "b.png")


def test_formats_that_run_programs_are_not_opened(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(DataError, match="cannot identify image file"):
        Images().read(tmp_path / "a.png")


def test_sixteen_bits_are_refused_rather_than_clipped(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1, 1, bytes([0, 1, 0]), depth=16, colour=0))
    with pytest.raises(DataError, match="more than 8 bits"):
        Images().read(tmp_path / "a.png")


CIFAR = Path(__file__).parents[4] / "shared" / "data" / "cifar10-jpeg.tar.xz"


@pytest.mark.skipif(not CIFAR.is_file(), reason="CIFAR-10 is not in ../shared/data")
def test_some_of_cifar_are_read_as_pillow_reads_them(tmp_path):
    import tarfile

    taken = 0
    with tarfile.open(CIFAR) as archive:
        for member in archive:
            if member.name.endswith(".jpg"):
                parts = Path(member.name).parts
                (tmp_path / parts[-2]).mkdir(exist_ok=True)
                (tmp_path / parts[-2] / parts[-1]).write_bytes(archive.extractfile(member).read())
                taken += 1
            if taken == 50:
                break
    found = checking.check(Images().read(tmp_path))
    assert (len(found), found.shape) == (50, (3, 32, 32))
    files = sorted(tmp_path.rglob("*.jpg"))
    pixels = {file: np.asarray(Image.open(file).convert("RGB"), np.float32).transpose(2, 0, 1) / 255 for file in files}
    for sample in found.samples:
        assert any((np.abs(sample - other) < 1e-6).all() for other in pixels.values())
