"""Run a packaged ONNX graph without torch.

A graph holds operations and no weights: they are given when it is loaded, from the same safetensors that
torch reads. `make onnx` makes the graphs from the torch networks.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import ArtifactError

__all__ = ["OnnxGraph"]


class OnnxGraph:
    """A loaded graph: arrays by name in, its first output out.

    Args:
        path: The graph.
        weights: By their names in the graph.
        threads: That one call uses; None: `OMP_NUM_THREADS`, else every core.

    Attributes:
        facts: What was written into the graph when it was made.

    Raises:
        ArtifactError: The graph is missing or damaged, or the weights are not of its sizes.
    """

    def __init__(self, path: Path, weights: Mapping[str, NDArray[Any]], threads: int | None = None) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        # As torch does; by default it would take every core, and keep it busy between calls.
        options.intra_op_num_threads = threads or int(os.environ.get("OMP_NUM_THREADS") or 0)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._kept = {n: np.ascontiguousarray(w, dtype=np.float32) for n, w in weights.items()}
        values = [ort.OrtValue.ortvalue_from_numpy(w) for w in self._kept.values()]
        options.add_external_initializers(list(self._kept), values)
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ArtifactError(
                f"{path.name} does not run with these weights ({' '.join(str(error).split())[:200]}). "
                "Install discover-v2 again; for weights of other sizes run `make onnx`."
            ) from error
        self.facts: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The graph's first output."""
        output: NDArray[np.float32] = self._session.run(None, dict(inputs))[0]
        return output
