"""The shipped network: windows of any home in, vectors of text space out, with no training.

    vectors = AnyHome.load().embed(window_set)

A vector is compared with MiniLM vectors of sentences by cosine. Weights and their facts (sha256, recipe,
licence) lie in `weights/`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path, file_sha256
from discover.core.embeddings import EncodeText, unit_rows
from discover.core.errors import ArtifactError
from discover.core.event_semantics import sensors_of
from discover.core.reading import mapping_of, parse_json, read_text
from discover.core.window_set import HomeEvents, WindowSet
from discover.pretraining.network import (
    TEXT_WIDTH,
    NetworkConfig,
    WindowEnsemble,
    WindowNetwork,
    WindowTensors,
)
from discover.pretraining.profiles import Profiles, window_profiles
from discover.pretraining.sensor_words import SensorWords, sensor_words

__all__ = ["AnyHome", "save_weights"]

_FORMAT = "discover-any-home-2"
_MEANINGS = "meanings"
_NEARNESS = 0.05
_WINDOWS_AT_ONCE = 1_024

# Shape letters: W windows, V phrases, S sensors, K sensors of a window.


@dataclass(frozen=True)
class AnyHome:
    """A trained network with its facts.

    Attributes:
        network: The members, in evaluation mode.
        meanings: (L, 384) mean sentence vector of each label of the bank that it was trained with.
        sha256: Of the weights' file.
        facts: What the card beside the weights says: recipe, licence, figures.
        text_space: The text encoder whose sentences its vectors are compared with.
    """

    network: WindowEnsemble
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
        path = path or _packaged()
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
        return cls(*_weights(path, card["members"], card["network"]), found, card)

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
        phrases = tuple(sorted({*words.rooms, *words.objects} - {""}))
        vectors = np.zeros((len(phrases) + 1, TEXT_WIDTH), dtype=np.float32)
        if phrases:
            vectors[1:] = encode_text(list(phrases))
        found = window_profiles(log.home, log.events, windows)
        return self._run(found, words, phrases, torch.from_numpy(vectors))

    def project_text(self, sentences_SD: NDArray[np.floating]) -> NDArray[np.float32]:
        """Sentence vectors drawn half way to the labels of the bank that mean the same, (S, 384).

        Somebody's own words for an activity lie off the sentences that the network was trained with; near
        labels of the bank say where. A comparison of windows with sentences may leave this out.
        """
        own = unit_rows(sentences_SD)
        nearness = own @ unit_rows(self.meanings).T / _NEARNESS
        weights = np.exp(nearness - nearness.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return unit_rows(own + weights @ self.meanings)

    def beside_captions(
        self, vectors_WD: NDArray[np.floating], captions_WD: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """(W, 768) unit vectors of what the network and the captions say of windows, both alike.

        Their cosine with `sentences_beside` is the mean of both cosines.
        """
        return _side_by_side(captions_WD, vectors_WD)

    def sentences_beside(self, sentences_SD: NDArray[np.floating]) -> NDArray[np.float32]:
        """(S, 768) unit vectors of sentences, to compare with `beside_captions`."""
        return _side_by_side(sentences_SD, self.project_text(sentences_SD))

    @torch.inference_mode()
    def _run(
        self, found: Profiles, words: SensorWords, phrases: Sequence[str], vectors: torch.Tensor
    ) -> NDArray[np.float32]:
        row_of = {"": 0, **{phrase: i + 1 for i, phrase in enumerate(phrases)}}
        rooms, objects = (
            np.array([row_of[w] for w in part], dtype=np.int64) for part in (words.rooms, words.objects)
        )
        result = np.zeros((len(found.sensors), TEXT_WIDTH), dtype=np.float32)
        for first in range(0, len(result), _WINDOWS_AT_ONCE):
            rows = slice(first, first + _WINDOWS_AT_ONCE)
            sensors = found.sensors[rows].astype(np.int64)
            known = np.maximum(sensors, 0)
            windows = WindowTensors(
                torch.from_numpy(rooms[known]),
                torch.from_numpy(objects[known]),
                torch.from_numpy(words.types[known]),
                torch.from_numpy(found.habits[known]),
                torch.from_numpy(found.profiles[rows].astype(np.float32)),
                torch.from_numpy(found.scenes[rows].astype(np.float32)),
                torch.from_numpy(sensors >= 0),
            )
            result[rows] = self.network(windows, vectors).numpy()
        return result


def save_weights(
    path: Path, members: Sequence[WindowNetwork], meanings: NDArray[np.float32], facts: dict[str, Any]
) -> None:
    """Write networks and the bank's labels as float16 safetensors, and the facts as JSON beside it."""
    from safetensors.torch import save_file

    from discover.core.artifacts import write_json

    weights = WindowEnsemble(members).state_dict()
    halves = {name: w.detach().to(torch.float16).contiguous() for name, w in weights.items()}
    halves[_MEANINGS] = torch.from_numpy(meanings).to(torch.float16)
    with atomic_path(path) as temporary:
        save_file(halves, temporary, metadata={"format": _FORMAT})
    sizes = {"members": len(members), "network": asdict(members[0].config)}
    write_json(path.with_suffix(".json"), {"format": _FORMAT, "sha256": file_sha256(path), **sizes, **facts})


def _side_by_side(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float32]:
    return unit_rows(np.concatenate([unit_rows(first), unit_rows(second)], axis=1))


def _packaged() -> Path:
    return Path(str(resources.files("discover.pretraining").joinpath("weights/tiny.safetensors")))


def _weights(path: Path, members: Any, sizes: Any) -> tuple[WindowEnsemble, NDArray[np.float32]]:
    from safetensors.torch import load_file

    try:
        network = WindowEnsemble([WindowNetwork(NetworkConfig(**sizes)) for _ in range(members)])
        weights = {name: w.float() for name, w in load_file(path).items()}
        meanings = weights.pop(_MEANINGS).numpy()
        network.load_state_dict(weights)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} does not hold the weights of this network: {error}") from error
    return network.eval().requires_grad_(False), meanings


def _minilm() -> EncodeText:
    from discover.text_encoders import build_text_encoder
    from discover.text_encoders.config import TextEncoderConfig

    return build_text_encoder(TextEncoderConfig(type="minilm")).encode
