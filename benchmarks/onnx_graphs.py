"""Make the ONNX graphs that ship with the package from the torch networks (`make onnx`).

A graph holds operations only, some tens of kB; weights are given when it is loaded. New weights of the same
sizes need no new graph. Needs torch, onnx and onnxscript (extra `dev`).
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from discover.core.artifacts import atomic_path, file_sha256
from discover.core.reading import parse_json, read_text
from discover.pretraining.any_home import NETWORK_GRAPH, network_weights
from discover.pretraining.network import NetworkConfig, WindowNetwork, WindowTensors
from discover.pretraining.profiles import HABITS, PROFILE, SCENE, SENSORS_PER_WINDOW, TEXT_WIDTH
from discover.text_encoders.packaged_minilm import MiniLM
from discover.text_encoders.packaged_onnx import MINILM_GRAPH

_OPSET = 18


class _Texts(nn.Module):
    """MiniLM with tensors, not a mapping, as input."""

    def __init__(self) -> None:
        super().__init__()
        self.network = MiniLM().to_empty(device="cpu")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.network({"input_ids": input_ids, "attention_mask": attention_mask})


class _Windows(nn.Module):
    """The window network with tensors, not a dataclass, as input."""

    def __init__(self, sizes: NetworkConfig) -> None:
        super().__init__()
        self.network = WindowNetwork(sizes)

    def forward(
        self,
        rooms: Tensor,
        objects: Tensor,
        types: Tensor,
        habits: Tensor,
        profiles: Tensor,
        scenes: Tensor,
        present: Tensor,
        phrases: Tensor,
    ) -> Tensor:
        return self.network(WindowTensors(rooms, objects, types, habits, profiles, scenes, present), phrases)


def text_graph() -> bytes:
    """MiniLM's graph: input_ids and attention_mask (B, T) in, unit vectors (B, 384) out."""
    ids = torch.randint(5, 3_000, (3, 9))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return _graph(_Texts(), inputs, dict.fromkeys(inputs, (0, 1)), {})


def window_graph(sizes: NetworkConfig, card: Mapping[str, Any]) -> bytes:
    """The window network's graph: arrays of `WindowTensors` and `phrases` in, unit vectors (B, 384) out."""
    n, k, phrases = 3, SENSORS_PER_WINDOW, 5
    inputs = {
        "rooms": torch.randint(0, phrases, (n, k)),
        "objects": torch.randint(0, phrases, (n, k)),
        "types": torch.zeros(n, k, dtype=torch.int64),
        "habits": torch.randn(n, k, HABITS),
        "profiles": torch.randn(n, k, PROFILE),
        "scenes": torch.randn(n, SCENE),
        "present": torch.ones(n, k, dtype=torch.bool),
        "phrases": torch.randn(phrases, TEXT_WIDTH),
    }
    assert [*inputs][:-1] == [f.name for f in fields(WindowTensors)]
    return _graph(_Windows(sizes), inputs, dict.fromkeys(inputs, (0,)), {"network": json.dumps(card)})


def _graph(
    network: nn.Module,
    inputs: Mapping[str, Tensor],
    free: Mapping[str, Sequence[int]],
    facts: Mapping[str, str],
) -> bytes:
    """A graph without weights, whose `free` axes may have any length."""
    program = torch.onnx.export(
        network.eval(),
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=["vectors"],
        dynamic_shapes={name: dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for name, axes in free.items()},
        dynamo=True,
        external_data=False,
        # Optimising would fold weights into constants of other names; onnxruntime does it when it loads.
        optimize=False,
        opset_version=_OPSET,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    names = set(network.state_dict())
    for weight in model.graph.initializer:
        if weight.name in names:
            weight.ClearField("raw_data")
            weight.data_location = onnx.TensorProto.EXTERNAL
            weight.external_data.add(key="location", value="given when loaded")
            weight.name = weight.name.removeprefix("network.")
    for node in model.graph.node:
        node.input[:] = [name.removeprefix("network.") if name in names else name for name in node.input]
        node.ClearField("doc_string")
    # Where in the source each part comes from, with paths of the machine that made it.
    for part in [*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer]:
        del part.metadata_props[:]
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    onnx.helper.set_model_props(model, dict(facts))
    model.producer_version = ""
    return model.SerializeToString(deterministic=True)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    weights = NETWORK_GRAPH.with_suffix(".safetensors")
    network_weights(weights)
    card = parse_json(read_text(weights.with_suffix(".json")), weights.name)["network"]
    graphs: dict[Path, bytes] = {
        MINILM_GRAPH: text_graph(),
        NETWORK_GRAPH: window_graph(NetworkConfig(**card), card),
    }
    for path, content in graphs.items():
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
        print(f"{path}: {len(content):,} bytes, sha256 {file_sha256(path)[:12]}")


if __name__ == "__main__":
    main()
