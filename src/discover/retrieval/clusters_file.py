"""`clusters.json`, the words of a clustering: its types are checked before anything shows them."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from discover.core.artifacts import read_json
from discover.core.reading import mapping_of, taken_apart

__all__ = ["read_clusters"]


class _Part(BaseModel):
    """Known values are checked strictly; further ones are kept, so that the format can grow."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class _Named(_Part):
    name: str
    words: str = ""
    share: float = 0.0
    lift: float = 0.0
    room: str = ""


class _Contrast(_Part):
    text: str
    inside: float = 0.0
    outside: float = 0.0
    contrast: float = 0.0


class _Example(_Part):
    window_id: str
    start: str
    text: str


class _Cluster(_Part):
    id: int = Field(ge=-1, le=1_000_000)
    title: str
    sentence: str = ""
    windows: int = Field(ge=0)
    share: float = Field(ge=0, le=1)
    when: str = ""
    hours: list[float] = []
    hour_lift: list[float] = []
    episode_s: float = 0.0
    rooms: list[_Named] = []
    objects: list[_Named] = []
    captions: list[_Contrast] = []
    prompts: list[_Contrast] = []
    examples: list[_Example] = []
    group: int = Field(default=0, ge=-1, le=1_000_000)
    days_seen: int = 0
    days_recorded: int = 0
    windows_all: int = 0
    confidence: float = 0.0


class _Group(_Part):
    id: int = Field(ge=-1, le=1_000_000)
    title: str


class _Health(_Part):
    n_clusters: int = 0
    used: int = 0
    largest_share: float = 0.0
    entropy: float = 0.0
    noise_share: float = 0.0
    collapsed: bool = False


class _ClustersFile(_Part):
    name: str
    sampling: str
    clusters: list[_Cluster]
    windows: int = 0
    recorded_days: int = 0
    first_day: str = "2000-01-01"
    last_day: str = "2000-01-01"
    model_sha256: str = ""
    described_from: str = ""
    found_in: str = ""
    config: dict[str, Any] = {}
    groups: list[_Group] = []
    hierarchy: dict[str, Any] = {}
    health: _Health = _Health()


def read_clusters(path: Path) -> dict[str, Any]:
    """The content of a `clusters.json` as it stands in the file.

    Raises:
        ArtifactError: Missing, damaged, or a value of another type than it should be.
    """
    content = mapping_of(read_json(path), path)
    with taken_apart(path, "Run `discover cluster` again."):
        _ClustersFile.model_validate(content)
    return content
