"""The prompts of activities: those of the home, or of the user's own YAML."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discover.core.config import read_yaml_mapping
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.recognition import PromptSet, RecognitionConfig, check_prompts, prompts_or_names

__all__ = ["activity_prompts"]


def activity_prompts(home: Home, config: RecognitionConfig, own: Path | None = None) -> PromptSet:
    """The prompts of the activities of a home.

    Args:
        home: Its activities and their sentences.
        config: Which of them, and which labels mean no activity.
        own: YAML with activities and their sentences, instead of the home's.

    Raises:
        ConfigError: There is no activity, or one without a sentence.
        DataError: A sentence names a sensor id.
    """
    if own is not None:
        return _own_prompts(own, home)
    labels = [a.label for a in home.activities if a.label not in config.background_labels]
    if not labels:
        raise ConfigError(
            f"Home {home.name} lists no activities, so there is nothing to answer. Write a YAML with one "
            'line per activity, like `cooking: ["someone cooks at the stove"]`, and give it with --prompts.'
        )
    return prompts_or_names(home, config.prompt_set, labels)


def _own_prompts(path: Path, home: Home) -> PromptSet:
    groups: Mapping[str, Any] = read_yaml_mapping(path)
    sentences: dict[str, tuple[Any, ...]] = {
        k: (v,) if isinstance(v, str) else tuple(v) if isinstance(v, list) else () for k, v in groups.items()
    }
    bad = [k for k, v in sentences.items() if not v or not all(isinstance(s, str) and s.strip() for s in v)]
    if bad or not sentences:
        raise ConfigError(
            f"{path}: {', '.join(bad) or 'the file'} has no sentence. Write activities as "
            '`cooking: ["someone cooks at the stove", "a meal is made"]`.'
        )
    built = PromptSet("described", tuple(sentences), tuple(sentences.values()))
    check_prompts(built.sentences, home)
    return built
