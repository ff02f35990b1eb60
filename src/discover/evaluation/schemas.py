"""The format of metrics.json as pydantic models, from which the published JSON schema is made.

`python -m discover.evaluation.schemas` prints the schema; docs/metrics.schema.json holds it, and a test
checks that both agree and that results are valid.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MetricsFile", "metrics_schema"]


class _Part(BaseModel):
    """Known fields are checked; further ones are allowed, so that a format can grow."""

    model_config = ConfigDict(extra="allow")


class Score(_Part):
    """A value with its 95 % interval; null with fewer than 8 annotated test days."""

    value: float
    low: float | None
    high: float | None


class ClassScores(_Part):
    """One activity."""

    precision: float = Field(ge=0, le=1)
    recall: float = Field(ge=0, le=1)
    f1: float = Field(ge=0, le=1)
    support: int
    f1_low: float | None = None
    """Lower end of the 95 % interval of F1; null where the true windows lie on fewer than 8 days."""
    f1_high: float | None = None
    """Upper end."""


class PoolScores(_Part):
    """Scores of one row on one pool of windows."""

    n: int
    days: int
    accuracy: Score
    balanced_accuracy: Score
    macro_f1: Score
    weighted_f1: Score
    calibration_error: float | None = None
    """Expected calibration error; null where a row gives no probabilities."""
    classes: list[str]
    confusion: list[list[int]]
    per_class: dict[str, ClassScores]
    by_day_part: dict[str, dict[str, float]] | None = None
    without_window: int | None = None
    """Rows per annotation: how many no window covers; they are misses."""


class Row(_Part):
    """One method in one form."""

    method: str
    uses_labels: bool
    prompts: str | None
    variant: str | None
    smoothed: bool
    unit: Literal["window", "segment", "annotation"]
    annotated: PoolScores
    full: PoolScores | None = None
    space: Literal["joint", "encoder"] | None = None
    shots: int | None = None
    interval_over: Literal["draws"] | None = None
    coarse_by: Literal["mapping", "own_prompts"] | None = None
    student: dict[str, Any] | None = None
    """Rows of a student: what the label-free check saw; `refused` says why the row is its teacher's."""


class Coarse(_Part):
    """Level L2."""

    rows: list[Row]
    comparisons: list[dict[str, Any]]


class Recognition(_Part):
    """Result of `evaluate_recognition`."""

    format: Literal["discover-recognition/2"] = Field(alias="schema")
    home: str
    protocol: Literal["free_running", "presegmented"]
    pools: dict[str, dict[str, int]]
    leak_check: dict[str, Any]
    rows: list[Row]
    comparisons: list[dict[str, Any]]
    few_labels: list[dict[str, Any]] = []
    coarse: Coarse | None = None
    deviations: list[str] = []
    """Where the evaluation departs from docs/protocol.md."""
    skipped: str | None = None


class Ranks(_Part):
    """Ranks of right items in one direction; recall@k stand beside."""

    mrr: float
    map: float
    median_rank: float
    n_queries: int
    pool_size: int


class Curve(_Part):
    """Recall at many depths."""

    k: list[float]
    recall: list[float]


class Retrieval(_Part):
    """Result of `evaluate_retrieval`."""

    format: Literal["discover-retrieval/3"] = Field(alias="schema")
    home: str
    protocol: Literal["free_running", "presegmented"]
    pool: dict[str, Any]
    text_to_window: Ranks | None = None
    window_to_text: Ranks | None = None
    intervals: dict[str, dict[str, Score]] = {}
    recall_curve: dict[str, Curve] = {}
    caption_only: dict[str, Any] | None = None
    label_precision: dict[str, Any] | None = None
    labels: dict[str, Any] | None = None
    prompts: list[dict[str, Any]] = []
    deviations: list[str] = []
    skipped: str | None = None


class Protocol(_Part):
    """Both parts on one sampling."""

    sampling: str
    recognition: Recognition | None = None
    retrieval: Retrieval | None = None


class MetricsFile(BaseModel):
    """metrics.json of an evaluation."""

    model_config = ConfigDict(extra="forbid")

    free_running: Protocol | None = None
    presegmented: Protocol | None = None


def metrics_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of metrics.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **MetricsFile.model_json_schema(by_alias=True),
    }


if __name__ == "__main__":
    print(json.dumps(metrics_schema(), indent=1))  # noqa: T201
