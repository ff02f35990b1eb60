"""A trained model on disk: a checkpoint to load, or a folder of safetensors to share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from discover.alignment.checkpoint import load_checkpoint
from discover.alignment.loaded import LoadedModel
from discover.core.artifacts import atomic_path, file_sha256, read_json, write_json, write_text
from discover.core.errors import ArtifactError, CheckpointError
from discover.core.reading import mapping_of, taken_apart
from discover.core.vocabulary import Vocabulary

__all__ = ["PRETRAINED_FORMAT", "from_pretrained", "load_model", "save_pretrained"]

PRETRAINED_FORMAT = "discover-pretrained/1"

_FACTS = ("step", "text_dim", "sensor_text_dim", "text_meta")


def load_model(
    path: Path | str, *, vocabulary: Vocabulary | None = None, device: torch.device | str = "cpu"
) -> LoadedModel:
    """Load a checkpoint file, or the best model of an experiment folder.

    Args:
        path: `best_model.pt`, any other checkpoint, the run's folder, or a folder of `save_pretrained`.
        vocabulary: When given, must be the checkpoint's own.
        device: Where to run it.

    Raises:
        CheckpointError: Missing, damaged, of another version, or trained with another vocabulary.
    """
    path = Path(path)
    if (path / "model.safetensors").is_file():
        exported = from_pretrained(path, device=device)
        if vocabulary is not None:
            exported.refuse_other_vocabulary(vocabulary)
        return exported
    file = path / "best_model.pt" if path.is_dir() else path
    content = load_checkpoint(file)
    with taken_apart(file, "It is no whole model of this version; train again.", error=CheckpointError):
        loaded = LoadedModel(content, file, file_sha256(file), device)
    if vocabulary is not None:
        loaded.refuse_other_vocabulary(vocabulary)
    return loaded


def save_pretrained(
    model: LoadedModel, folder: Path, *, values: Mapping[str, float] | None = None, overwrite: bool = False
) -> list[Path]:
    """Write `model.safetensors`, `config.json`, `vocab.json`, `home.json` and the card `README.md`.

    Args:
        model: A loaded model.
        folder: Where to.
        values: Measured figures for the card, by name.
        overwrite: Write into a folder that holds something already.

    Raises:
        ArtifactError: The folder is not empty, or cannot be written.
    """
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise ArtifactError(f"{folder} is not empty. Choose another folder, or pass overwrite.")
    content = model.to_content()
    paths = [folder / n for n in ("model.safetensors", "config.json", "vocab.json", "home.json", "README.md")]
    weights = {k: v.contiguous().clone() for k, v in content["model"].items()}
    with atomic_path(paths[0]) as temporary:
        save_file(weights, temporary, metadata={"format": PRETRAINED_FORMAT})
    facts = {name: content[name] for name in _FACTS}
    described = {"format": PRETRAINED_FORMAT, **facts, "config": content["config"]}
    write_json(paths[1], described | {"weights_sha256": file_sha256(paths[0])})
    write_text(paths[2], model.vocabulary.to_json())
    write_json(paths[3], content["home"])
    write_text(paths[4], _card(model, values or {}))
    return paths


def from_pretrained(folder: Path, *, device: torch.device | str = "cpu") -> LoadedModel:
    """Read what `save_pretrained` wrote.

    Raises:
        CheckpointError: Something is missing, damaged or of another version.
    """
    hint = "An exported model has model.safetensors, config.json, vocab.json and home.json."
    with taken_apart(folder, hint, error=CheckpointError):
        facts = mapping_of(read_json(folder / "config.json"), folder / "config.json")
        if facts.get("format") != PRETRAINED_FORMAT:
            raise CheckpointError(
                f"{folder} is not a model folder of this version (format {facts.get('format')!r}). "
                "Export the model again with this version."
            )
        content: dict[str, Any] = {
            **{name: facts[name] for name in _FACTS},
            "config": facts["config"],
            "vocabulary": Vocabulary.load(folder / "vocab.json").to_dict(),
            "home": read_json(folder / "home.json"),
        }
        path = folder / "model.safetensors"
        digest = _digest(path)
        # Folders of earlier versions carry no hash.
        if facts.get("weights_sha256", digest) != digest:
            raise CheckpointError(
                f"{path} is not the file that config.json describes: it is damaged or of another model. "
                "Copy the folder again."
            )
        return LoadedModel(content | {"model": _weights(path)}, path, digest, device)


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise CheckpointError(f"Cannot read {path} ({error.strerror}). Copy the folder again.") from error


def _weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        weights: dict[str, torch.Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged ({error}). Copy the folder again.") from error
    return weights


def _card(model: LoadedModel, values: Mapping[str, float]) -> str:
    config = model.config
    parameters = sum(p.numel() for p in model.model.parameters())
    lines = [
        "---",
        "library_name: discover-v2",
        "tags: [smart-home, sensor-events, contrastive, retrieval]",
        "---",
        "",
        f"# {config.experiment_name}",
        "",
        "A sensor encoder whose window embeddings share a space with sentences: search a smart-home log in",
        "plain language, or recognise activities from their descriptions. Trained without activity labels.",
        "",
        f"- Home: {model.home.title or model.home.name} ({len(model.home.sensors)} sensors)",
        f"- Encoder: {config.encoder.type}, width {model.model.encoder.dim}; "
        f"joint space of width {model.dim}; {parameters:,} parameters",
        f"- Text encoder: {model.text_meta.get('model_name', config.text_encoder.type)}",
        f"- Loss: {config.loss.alignment_loss_type}, targets {config.loss.targets}; {model.step:,} steps",
        "",
        "## Use",
        "",
        "```python",
        "from pathlib import Path",
        "from discover.alignment.pretrained import from_pretrained",
        "model = from_pretrained(Path('.'))",
        "vectors = model.embed_windows(window_set)",
        "```",
        "",
        "## Figures",
        "",
        *([f"- {name}: {value:.4g}" for name, value in values.items()] or ["None recorded."]),
        "",
        "## Limits",
        "",
        "Trained on one home's sensors and habits. In another home, sensors that it never saw are read as",
        "unknown unless the encoder reads sensor descriptions (`sensor_tokens: text` or `both`).",
        "",
    ]
    return "\n".join(lines)
