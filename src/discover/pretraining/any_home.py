"""The shipped network: windows of any home in, vectors of text space out, with no training.

    vectors = AnyHome.load().embed(window_set)

A vector is compared with MiniLM vectors of sentences by cosine. Weights and their facts (sha256, recipe,
licence) lie in `weights/`.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path, file_sha256
from discover.core.embeddings import EncodeText, unit_rows
from discover.core.errors import ArtifactError, ShapeError
from discover.core.event_semantics import sensors_of
from discover.core.reading import mapping_of, parse_json, read_text
from discover.core.runtime import runtime
from discover.core.window_set import HomeEvents, WindowSet
from discover.pretraining.profiles import TEXT_WIDTH, WindowProfiles
from discover.pretraining.sensor_words import sensor_words

if TYPE_CHECKING:
    from discover.pretraining.network import WindowNetwork

__all__ = [
    "NETWORK_GRAPH",
    "NETWORK_WEIGHT",
    "TEMPERATURE",
    "AnyHome",
    "WindowReader",
    "network_weights",
    "save_weights",
]

_FORMAT = "discover-any-home-2"
_MEANINGS = "meanings"
_NEARNESS = 0.05
NETWORK_WEIGHT = 3.0
"""How much the network's cosine weighs beside that of the captions, which differ more between sentences."""
TEMPERATURE = 0.025
"""Softmax temperature that makes probabilities of both together; chosen on simulated homes."""
_WINDOWS_AT_ONCE = 512
"""What the network computes of so many windows fits the processor's cache better than of more."""

# Shape letters: W windows, V phrases, S sensors, K sensors of a window, B windows at once.

_WEIGHTS = Path(str(resources.files("discover.pretraining").joinpath("weights")))
NETWORK_GRAPH = _WEIGHTS / "tiny.onnx"
"""The packaged network's operations for onnxruntime; its weights are those of the safetensors beside it."""


class WindowReader(Protocol):
    """The network by torch (`network.TorchReader`) or by onnxruntime (`onnx_graph.OnnxGraph`)."""

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Unit vectors (B, 384); inputs: the arrays of `network.WindowTensors`, and `phrases` (V, 384)."""

    def workers(self) -> AbstractContextManager[Executor]:
        """Threads, one per core, each of which runs the network by itself."""


@dataclass(frozen=True)
class AnyHome:
    """A trained network with its facts.

    Attributes:
        network: Runs the members.
        meanings: (L, 384) mean sentence vector of each label of the bank that it was trained with.
        sha256: Of the weights' file.
        facts: What the card beside the weights says: recipe, licence, figures.
        text_space: The text encoder whose sentences its vectors are compared with.
    """

    network: WindowReader
    meanings: NDArray[np.float32]
    sha256: str
    facts: dict[str, Any]
    text_space: Literal["minilm"] = "minilm"

    @classmethod
    def load(cls, path: Path | None = None) -> "AnyHome":
        """The packaged network, or the one in a file made by `save_weights` with its `.json` beside it.

        Raises:
            ArtifactError: Missing, damaged or other weights than the card beside them names.
        """
        path = path or _WEIGHTS / "tiny.safetensors"
        card_path = path.with_suffix(".json")
        for needed in (path, card_path):
            if not needed.is_file():
                raise ArtifactError(
                    f"There is no {needed.name} in {needed.parent}. Install discover-v2 again, or make "
                    "it with `python -m benchmarks.pretrain`."
                )
        told = parse_json(read_text(card_path), str(card_path))
        card = mapping_of(told, card_path, "format", "sha256", "members", "network")
        found = file_sha256(path)
        if card["format"] != _FORMAT or card["sha256"] != found:
            raise ArtifactError(
                f"{path} is not the network that {card_path.name} describes (format {card['format']}, sha256 "
                f"{found[:12]}..., expected {str(card['sha256'])[:12]}...). Install discover-v2 again."
            )
        weights, meanings = network_weights(path)
        return cls(_reader(path, weights, card["members"], card["network"]), meanings, found, card)

    def embed(self, window_set: WindowSet, encode_text: EncodeText | None = None) -> NDArray[np.float32]:
        """Unit vectors of all windows, (W, 384), in the order of the window table.

        Args:
            window_set: Windows of one home or several. What lies around a window is read as well.
            encode_text: MiniLM, where the caller has it loaded already.
        """
        encode_text = encode_text or _minilm()
        result = np.zeros((len(window_set.windows), TEXT_WIDTH), dtype=np.float32)
        numbers = window_set.home_numbers
        for number, log in enumerate(window_set.logs.values()):
            rows = np.flatnonzero(numbers == number)
            result[rows] = self._embed_home(log, window_set.windows[rows.tolist()], encode_text)
        return result

    def _embed_home(
        self, log: HomeEvents, windows: pl.DataFrame, encode_text: EncodeText
    ) -> NDArray[np.float32]:
        words = sensor_words(sensors_of(log.events, log.home))
        phrases = sorted({*words.rooms, *words.objects} - {""})
        vectors = np.zeros((len(phrases) + 1, TEXT_WIDTH), dtype=np.float32)
        if phrases:
            vectors[1:] = encode_text(phrases)
        row_of = {phrase: i for i, phrase in enumerate(["", *phrases])}
        rooms, objects = (
            np.array([row_of[w] for w in part], dtype=np.int64) for part in (words.rooms, words.objects)
        )
        log_windows = WindowProfiles(log.home, log.events, windows)
        result = np.zeros((len(windows), TEXT_WIDTH), dtype=np.float32)

        def read(batch: NDArray[np.int64]) -> None:
            found = log_windows.read(batch)
            for first in range(0, len(batch), _WINDOWS_AT_ONCE):
                part = slice(first, first + _WINDOWS_AT_ONCE)
                sensors = found.sensors[part].astype(np.int64)
                known = np.maximum(sensors, 0)
                inputs: dict[str, NDArray[Any]] = {
                    "rooms": rooms[known],
                    "objects": objects[known],
                    "types": words.types[known],
                    "habits": found.habits[known],
                    "profiles": found.profiles[part].astype(np.float32),
                    "scenes": found.scenes[part].astype(np.float32),
                    "present": sensors >= 0,
                    "phrases": vectors,
                }
                result[batch[part]] = self.network(inputs)

        with self.network.workers() as pool:
            list(pool.map(read, log_windows.batches))
        return result

    def project_text(
        self, sentences_SD: NDArray[np.floating], names: NDArray[np.floating] | None = None
    ) -> NDArray[np.float32]:
        """Sentence vectors drawn half way to the labels of the bank that mean the same, (S, 384).

        Somebody's own words for an activity lie off the sentences that the network was trained with; near
        labels of the bank say where. A comparison of windows with sentences may leave this out.

        Args:
            sentences_SD: Vectors of sentences.
            names: (S, D) vector of the name of the activity that each sentence describes. Drawn in the same
                way, it weighs as much as the sentence. None: free sentences.

        Raises:
            ShapeError: Not one name per sentence.
        """
        if names is not None:
            if names.shape != sentences_SD.shape:
                raise ShapeError(
                    f"Names {names.shape} must have the shape of sentences, {sentences_SD.shape}: give the "
                    "vector of an activity's name once for each of its sentences."
                )
            return unit_rows(self.project_text(sentences_SD) + self.project_text(names))
        own = unit_rows(sentences_SD)
        nearness = own @ unit_rows(self.meanings).T / _NEARNESS
        weights = np.exp(nearness - nearness.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return unit_rows(own + weights @ self.meanings)

    def beside_captions(
        self, vectors_WD: NDArray[np.floating], captions_WD: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """(W, 768) unit vectors of what the captions and the network say of windows.

        Their cosine with `sentences_beside` is the mean of both cosines, the network's weighing
        `NETWORK_WEIGHT` times as much.
        """
        return _side_by_side(captions_WD, vectors_WD)

    def sentences_beside(
        self,
        sentences_SD: NDArray[np.floating],
        names: NDArray[np.floating] | None = None,
        *,
        captions: bool = True,
    ) -> NDArray[np.float32]:
        """(S, 768) unit vectors of sentences, to compare with `beside_captions` or its network alone.

        The network alone reads `names`, as in `project_text`; captions are compared with sentences only.
        """
        told = sentences_SD if captions else np.zeros_like(sentences_SD)
        return _side_by_side(told, self.project_text(sentences_SD, names))


def save_weights(
    path: Path, members: "Sequence[WindowNetwork]", meanings: NDArray[np.float32], facts: dict[str, Any]
) -> None:
    """Write networks and the bank's labels as float16 safetensors, and the facts as JSON beside it."""
    from safetensors.numpy import save_file

    from discover.core.artifacts import write_json
    from discover.pretraining.network import WindowEnsemble

    weights = WindowEnsemble(members).state_dict()
    halves = {name: w.detach().numpy().astype(np.float16) for name, w in weights.items()}
    halves[_MEANINGS] = meanings.astype(np.float16)
    with atomic_path(path) as temporary:
        save_file(halves, temporary, metadata={"format": _FORMAT})
    sizes = {"members": len(members), "network": asdict(members[0].config)}
    write_json(path.with_suffix(".json"), {"format": _FORMAT, "sha256": file_sha256(path), **sizes, **facts})


def _side_by_side(captions: NDArray[np.floating], network: NDArray[np.floating]) -> NDArray[np.float32]:
    return unit_rows(np.concatenate([unit_rows(captions), NETWORK_WEIGHT**0.5 * unit_rows(network)], axis=1))


def network_weights(path: Path) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """The network's weights by name, and the mean sentence vectors of the bank's labels.

    Raises:
        ArtifactError: The file holds something else.
    """
    from safetensors.numpy import load_file

    try:
        weights = {name: w.astype(np.float32) for name, w in load_file(path).items()}
        return weights, weights.pop(_MEANINGS)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} does not hold the weights of this network: {error}") from error


def _reader(
    path: Path, weights: Mapping[str, NDArray[np.float32]], members: int, sizes: Mapping[str, Any]
) -> WindowReader:
    if runtime() == "onnxruntime":
        return _OnnxReader(path, weights, members, sizes)
    from discover.pretraining.network import TorchReader

    try:
        return TorchReader.of(weights, members, sizes)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} does not hold the weights of this network: {error}") from error


class _OnnxReader:
    """The members by onnxruntime, all by the graph of one."""

    def __init__(
        self, path: Path, weights: Mapping[str, NDArray[np.float32]], members: int, sizes: Mapping[str, Any]
    ) -> None:
        from discover.text_encoders.onnx_graph import OnnxGraph

        self._members = []
        for member in range(members):
            prefix = f"members.{member}."
            # The scale of the logits serves training alone, so it is not in the graph.
            own = {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}
            own.pop("log_scale", None)
            self._members.append(OnnxGraph(NETWORK_GRAPH, own, threads=1))
            made_for = parse_json(self._members[-1].facts.get("network", "null"), str(NETWORK_GRAPH))
            if made_for != sizes:
                raise ArtifactError(
                    f"{path} is a network of other sizes ({sizes}) than onnxruntime's graph ({made_for}). "
                    "Make the graph again with `make onnx`, or install torch."
                )

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        return unit_rows(np.sum([member(inputs) for member in self._members], axis=0))

    def workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))


def _minilm() -> EncodeText:
    from discover.text_encoders import build_text_encoder
    from discover.text_encoders.config import TextEncoderConfig

    return build_text_encoder(TextEncoderConfig(type="minilm")).encode
