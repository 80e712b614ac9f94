"""The residual method's networks as ONNX graphs, written by hand.

tf2onnx renders dilated convolutions over pictures of any size as shuffles of pixels around plain ones, and leaves batch
normalisation beside them: half as slow again. Here a dilated convolution is one node, with its normalisation in it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from streamproc.training.export import OPSET

_IR_VERSION = 8  # of ONNX files; what onnxruntime has read for years


class Graph:
    """Nodes and weights of a graph in the making, whose pictures are (N, C, H, W)."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def node(self, kind: str, seen: Sequence[str], **attributes: Any) -> str:
        """Add a node and return its output's name."""
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, [*seen], [name], **attributes))
        return name

    def conv(self, seen: str, layer: str, norm: str | None = None) -> str:
        """Add a layer's convolution and the normalisation after it."""
        return self._conv(seen, layer, *self._norm(norm))

    def added(self, seen: str, layer: str, norm: str, scale: float = 1.0) -> str:
        """Add a convolution whose normalisation's offset is in another one, that it is added to.

        scale: what it sees is multiplied by.
        """
        factor, _ = self._norm(norm)
        return self._conv(seen, layer, factor * scale, np.zeros(1))

    def part(self, seen: str, first: int, end: int) -> str:
        """Add a choice of channels."""
        bounds = [
            self._keep_whole(f"channel_{first}_{name}", value) for name, value in (("first", first), ("end", end))
        ]
        return self.node("Slice", [seen, *bounds, self._keep_whole(f"channel_{first}_axis", 1)])

    def constant(self, name: str, value: float) -> str:
        """Keep a number."""
        return self._keep(name, value)

    def _conv(self, seen: str, layer: str, factor: NDArray[np.float64], offset: NDArray[np.float64]) -> str:
        conv = self._model.get_layer(layer)
        bias = np.asarray(conv.bias) if conv.use_bias else 0.0
        step, dilation = conv.strides[0], conv.dilation_rate[0]
        # TensorFlow's "same", for sides that are multiples of the step
        missing = max((conv.kernel_size[0] - 1) * dilation + 1 - step, 0)
        before, after = missing // 2, missing - missing // 2
        kernel = np.asarray(conv.kernel).transpose(3, 2, 0, 1) * np.reshape(factor, (-1, 1, 1, 1))
        names = self._keep(f"{layer}_kernel", kernel), self._keep(f"{layer}_bias", bias * factor + offset, len(kernel))
        pads = [before, before, after, after]
        return self.node("Conv", [seen, *names], strides=[step] * 2, dilations=[dilation] * 2, pads=pads)

    def doubled(self, seen: str, layer: str) -> str:
        """Add a layer's transposed convolution of 2×2 at steps of 2."""
        conv = self._model.get_layer(layer)
        kernel = np.asarray(conv.kernel).transpose(3, 2, 0, 1)
        names = self._keep(f"{layer}_kernel", kernel), self._keep(f"{layer}_bias", np.asarray(conv.bias))
        return self.node("ConvTranspose", [seen, *names], strides=[2, 2])

    def save(self, path: Path, seen: str, channels: int, given: str) -> None:
        """Write the graph, with its input, (N, H, W, C), and its output's name."""
        shape = ["N", "H", "W", channels]
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            [helper.make_tensor_value_info(seen, onnx.TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(given, onnx.TensorProto.FLOAT, ["N", "h", "w", 1])],
            self._weights,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(made)
        onnx.save(made, str(path))

    def picture(self, seen: str, channels: int) -> str:
        """Turn the input, (N, H, W, C), into what the nodes look at; where it has one channel, without copying it."""
        if channels > 1:
            return self.node("Transpose", [seen], perm=[0, 3, 1, 2])
        flat = self.node("Squeeze", [seen, self._keep_whole("last", 3)])
        return self.node("Unsqueeze", [flat, self._keep_whole("second", 1)])

    def output(self, seen: str, name: str) -> None:
        """Add the output, (N, H, W, C)."""
        self._nodes.append(helper.make_node("Transpose", [seen], [name], perm=[0, 2, 3, 1]))

    def _norm(self, layer: str | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what batch normalisation multiplies by and adds."""
        if layer is None:
            return np.ones(1), np.zeros(1)
        norm = self._model.get_layer(layer)
        factor = np.asarray(norm.gamma) / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
        return factor, np.asarray(norm.beta) - np.asarray(norm.moving_mean) * factor

    def _keep_whole(self, name: str, value: int) -> str:
        self._weights.append(numpy_helper.from_array(np.array([value], np.int64), name))
        return name

    def _keep(self, name: str, values: Any, length: int | None = None) -> str:
        whole = np.asarray(values, np.float32)
        if length is not None:
            whole = np.ascontiguousarray(np.broadcast_to(whole, (length,)))
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(whole), name))
        return name


def write(model: keras.Model, path: Path, reach: Sequence[int], pooled: int) -> None:
    """Write the coarse or the fine network (network.py) to an ONNX file.

    reach: the dilations; pooled: pixels a side over which brightness is averaged.
    """
    graph = Graph(model)
    seen = str(model.inputs[0].name)
    picture = graph.picture(seen, model.input_shape[-1])
    change = None
    if model.input_shape[-1] == 6:
        picture, change = graph.part(picture, 0, 3), graph.part(picture, 3, 6)
        large = graph.node("Abs", [change])
        change = graph.node("Div", [large, graph.node("Add", [large, graph.constant("half", 0.5)])])
    answers = graph.conv(picture, "detail")
    detail = graph.node("Abs", [graph.node("Softsign", [answers])])
    level = graph.node("AveragePool", [picture], kernel_shape=[pooled] * 2, strides=[pooled] * 2)
    flow = graph.conv(detail, "reduced", "reduced_norm")
    bright = graph.added(level, "level", "reduced_norm", 1 / 255)
    flow = graph.node("Add", [flow, bright])
    if change is not None:
        flow = graph.node("Add", [flow, graph.added(change, "change", "reduced_norm")])
    flow = graph.node("Relu", [flow])
    for number in range(len(reach)):
        flow = graph.node("Relu", [graph.conv(flow, f"compared_{number}", f"compared_{number}_norm")])
    flow = graph.node("Add", [graph.doubled(flow, "up"), graph.conv(detail, "beside")])
    if change is not None:
        flow = graph.node("Add", [flow, graph.conv(change, "beside_change")])
    flow = graph.node("Relu", [graph.conv(graph.node("Relu", [flow]), "joined", "joined_norm")])
    graph.output(graph.conv(flow, "logit"), "logit")
    graph.save(path, seen, model.input_shape[-1], "logit")
