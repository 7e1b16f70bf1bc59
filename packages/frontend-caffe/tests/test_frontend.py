"""What the plugin offers, and how lightly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import snn_frontend_caffe
from caffe_files import layer, model, random, text
from snn.component import Component
from snn.errors import ParseError
from snn_frontend_caffe.frontend import Caffe


def test_the_plugin_offers_the_frontend():
    assert snn_frontend_caffe.snn_frontends() == [Caffe]
    assert Caffe.name == "caffe"
    assert isinstance(Caffe(), Component)


def test_importing_the_plugin_imports_neither_protobuf_nor_h5py():
    code = (
        "import sys, snn_frontend_caffe; c = snn_frontend_caffe.snn_frontends()[0]();"
        "assert not c.accepts(object()); heavy = {'google.protobuf', 'h5py', 'cv2'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_reading_a_model_needs_no_hdf5_and_leaves_other_messages_alone(tmp_path):
    fields = "inner_product_param { num_output: 2 }"
    path = model(
        tmp_path, text(layer("InnerProduct", "ip", fields=fields), shape=(1, 3)), {"ip": [random(2, 3), random(2)]}
    )
    code = (
        "import sys, pathlib; from google.protobuf import descriptor_pb2, descriptor_pool;"
        "from snn_frontend_caffe.frontend import Caffe; Caffe().parse(pathlib.Path(sys.argv[1]));"
        "file = descriptor_pb2.FileDescriptorProto(name='caffe.proto', package='caffe', syntax='proto2');"
        "file.message_type.add(name='Layer'); descriptor_pool.Default().Add(file) if hasattr("
        "descriptor_pool.Default(), 'Add') else descriptor_pool.Default().AddSerializedFile(file.SerializeToString());"
        "sys.exit('h5py' if 'h5py' in sys.modules else 0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


@pytest.mark.parametrize("name", ["a.prototxt", "a.b.PROTOTXT", "a.caffemodel"])
def test_its_suffixes_are_accepted(name):
    assert Caffe().accepts(Path(name))
    assert not Caffe().accepts(name)
    assert not Caffe().accepts(Path("a.onnx"))


def test_what_is_no_path_is_refused():
    with pytest.raises(ParseError, match="no pathlib"):
        Caffe().parse({"a": "dictionary"})
