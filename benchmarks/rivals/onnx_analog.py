"""As many analog passes as there are steps, in ONNX Runtime; the model is written by hand."""

from __future__ import annotations

import onnx
import onnxruntime
from networks import Example
from onnx import TensorProto, helper, numpy_helper
from snn.network import Array


def make(example: Example, batch: int, steps: int, threads: int) -> object:
    """Pass the batch ``steps`` times."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    model = _model(example, batch).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = {"input": example.batch(batch)}

    def run() -> Array:
        for _ in range(steps):
            (output,) = session.run(["output"], given)
        return output

    return run


def _model(example: Example, batch: int) -> onnx.ModelProto:
    nodes, arrays, last, spatial = [], [], "input", example.samples.ndim == 4

    def put(kind: str, *more: str, **fields: object) -> None:
        nonlocal last
        before, last = last, f"{kind.lower()}{len(nodes)}"
        nodes.append(helper.make_node(kind, [before, *more], [last], **fields))

    for number, stage in enumerate(example.stages):
        names = f"weight{number}", f"bias{number}"
        arrays += [numpy_helper.from_array(a, n) for a, n in zip((stage.weight, stage.bias), names, strict=True)]
        if stage.weight.ndim == 2:
            if spatial:
                put("Flatten")
                spatial = False
            put("Gemm", *names, transB=1)
        else:
            put("Conv", *names, pads=[stage.padding] * 4)
        if number < len(example.stages) - 1:
            put("Relu")
        if stage.pool > 1:
            put("AveragePool", kernel_shape=[stage.pool] * 2, strides=[stage.pool] * 2)
    nodes[-1].output[0] = "output"
    ends = [
        helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, *example.samples.shape[1:]]),
        helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, len(example.stages[-1].bias)]),
    ]
    graph = helper.make_graph(nodes, "example", ends[:1], ends[1:], arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
