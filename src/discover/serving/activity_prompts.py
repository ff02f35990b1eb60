"""The prompts of activities: those of the home, or of the user's own YAML."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discover.core.config import read_yaml_mapping
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.homes import everyday_activities
from discover.recognition import PromptSet, RecognitionConfig, check_prompts, prompts_or_names

__all__ = ["activity_prompts", "everyday_note"]


def activity_prompts(home: Home, config: RecognitionConfig, own: Path | None = None) -> PromptSet:
    """The prompts of the activities of a home; of those of everyday life where it lists none.

    Args:
        home: Its activities and their sentences.
        config: Which of them, and which labels mean no activity.
        own: YAML with activities and their sentences, instead of the home's.

    Raises:
        ConfigError: An activity of one's own without a sentence.
        DataError: A sentence names a sensor id.
    """
    if own is not None:
        return _own_prompts(own, home)
    labels = [a.label for a in home.activities if a.label not in config.background_labels]
    if not labels:
        home = home.model_copy(update={"activities": everyday_activities()})
        labels = [a.label for a in home.activities]
    return prompts_or_names(home, config.prompt_set, labels)


def everyday_note(home: Home, own: Path | None) -> str:
    """A sentence where activities of everyday life stand in for those of the home; else empty."""
    if home.activities or own is not None:
        return ""
    return "The home lists no activities, so those of everyday life were looked for."


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
    check_prompts([*built.sentences, *built.names], home)
    return built
