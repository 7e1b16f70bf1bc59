"""How long a Caffe model of 24 MB takes to be read: by the Caffe frontend, by OpenCV, and by protobuf's own lists.

    python benchmarks/parsing.py [--model NET.prototxt] [--turns 9]

Medians of processor time, in turns in one process, after one turn that does not count. Without ``--model`` the network
is written here: 24 convolutions with BatchNorm, Scale and ReLU, of random weights.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from snn_frontend_caffe.caffemodel import read_caffemodel
from snn_frontend_caffe.finding import find_weights
from snn_frontend_caffe.frontend import Caffe

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "packages/frontend-caffe/tests"))
from caffe_files import layer, model, random, text  # noqa: E402  from where it is

DEPTH, CHANNELS = 24, 164


def written(folder: Path) -> Path:
    """Write the network, and return its prototxt."""
    layers, weights, before = [], {}, "data"
    for number in range(DEPTH):
        conv, norm, scale = (f"{kind}{number}" for kind in ("conv", "bn", "scale"))
        fields = f"convolution_param {{ num_output: {CHANNELS} kernel_size: 3 pad: 1 }}"
        layers += [
            layer("Convolution", conv, before, fields),
            layer("BatchNorm", norm, conv, top=conv),
            layer("Scale", scale, conv, "scale_param { bias_term: true }", top=conv),
            layer("ReLU", f"relu{number}", conv, top=conv),
        ]
        given = CHANNELS if number else 3
        weights[conv] = [random(CHANNELS, given, 3, 3, seed=number), random(CHANNELS, seed=number)]
        weights[norm] = [random(CHANNELS), random(CHANNELS, low=1, high=2), random(1, low=1, high=2)]
        weights[scale] = [random(CHANNELS), random(CHANNELS)]
        before = conv
    return model(folder, text(*layers, shape=(1, 3, 32, 32)), weights)


def by_lists(path: Path) -> int:
    """Read the numbers as protobuf gives them, in lists, and return how many there are."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415  of one contender

    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"lists{time.time_ns()}.proto", package="lists", syntax="proto2")
    for name, fields in {"Net": [("layer", 100, "Layer")], "Layer": [("blobs", 7, "Blob")]}.items():
        described = file.message_type.add(name=name)
        for field, number, of in fields:
            described.field.add(name=field, number=number, type=kind.TYPE_MESSAGE, label=3, type_name=f".lists.{of}")
    blob = file.message_type.add(name="Blob")
    blob.field.add(name="data", number=5, type=kind.TYPE_FLOAT, label=3).options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    net = message_factory.GetMessageClass(pool.FindMessageTypeByName("lists.Net")).FromString(path.read_bytes())
    return sum(np.array(blob.data, np.float32).size for layer in net.layer for blob in layer.blobs)


def contenders(prototxt: Path) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name; what is not installed is left out, and told."""
    weights = find_weights(prototxt)

    def arrays() -> None:
        for blobs in read_caffemodel(weights).layers.values():
            for blob in blobs.values():
                blob.read()

    found: dict[str, Callable[[], object]] = {
        "frontend-caffe, weights": arrays,
        "frontend-caffe, network": lambda: Caffe().parse(prototxt),
        "protobuf, weights in lists": lambda: by_lists(weights),
    }
    try:
        import cv2  # noqa: PLC0415  of one contender

        found["OpenCV, network"] = lambda: cv2.dnn.readNetFromCaffe(str(prototxt), str(weights))
    except (ImportError, AttributeError) as error:
        print(f"left out: OpenCV ({error})")
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--turns", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prototxt = given.model or written(Path(folder))
        size = find_weights(prototxt).stat().st_size
        measured = contenders(prototxt)
        seconds: dict[str, list[float]] = {name: [] for name in measured}
        for turn in range(given.turns + 1):
            for name, run in measured.items():
                start = time.process_time()
                run()
                if turn:
                    seconds[name].append(time.process_time() - start)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    fastest = min(medians.values())
    print(f"{prototxt.name}, weights of {size / 1e6:.1f} MB, medians of {given.turns} turns, processor time")
    for name, median in medians.items():
        print(f"{name:28} {1000 * median:8.0f} ms {median / fastest:8.1f} ×")


if __name__ == "__main__":
    main()
