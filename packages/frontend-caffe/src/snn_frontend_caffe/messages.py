"""The few of Caffe's messages that weights are made of, described when they are first needed.

Nothing is generated, and the pool is our own: other packages may bring messages named ``caffe`` too.  Fields that are
not here are passed over.  Layers, blobs and packed numbers are declared as bytes, which they are on the wire: so a
layer is taken apart only when it is wanted, its numbers are never turned into Python's, and a file of a few bytes
cannot ask for much memory.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {"bytes": _FIELD.TYPE_BYTES, "int32": _FIELD.TYPE_INT32, "int64": _FIELD.TYPE_INT64}
# name: (number, type, repeated); the numbers are those of Caffe's caffe.proto
_MESSAGES = {
    "Network": {"layers": (2, "bytes", True), "layer": (100, "bytes", True)},
    "Layer": {"name": (1, "bytes", False), "blobs": (7, "bytes", True)},
    "V1Layer": {"layer": (1, "bytes", False), "name": (4, "bytes", False), "blobs": (6, "bytes", True)},
    "Blob": {
        "num": (1, "int32", False),
        "channels": (2, "int32", False),
        "height": (3, "int32", False),
        "width": (4, "int32", False),
        "data": (5, "bytes", True),
        "shape": (7, "bytes", False),
        "double_data": (8, "bytes", True),
        "raw_data": (12, "bytes", True),  # of NVIDIA's Caffe
    },
    "Shape": {"dim": (1, "int64", True)},
}


@cache
def message(name: str) -> type[Any]:
    """Return the class of a message: Network, Layer, V1Layer, Blob or Shape."""
    return _classes()[name]


@cache
def _classes() -> dict[str, type[Any]]:
    file = descriptor_pb2.FileDescriptorProto(name="snn_frontend_caffe.proto", package="caffe", syntax="proto2")
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            described.field.add(name=field, number=number, type=_TYPES[kind], label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}")) for name in _MESSAGES}
