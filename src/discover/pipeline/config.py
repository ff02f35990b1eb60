"""One YAML for the whole chain: the alignment fields at the top level, and a block per other stage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from discover.alignment.config import (
    PIPELINE_BLOCKS,
    AlignmentConfig,
    ProjectionConfig,
    read_run_mapping,
)
from discover.alignment.finetune_config import FineTuneConfig
from discover.captions.config import CaptionConfig
from discover.core.config import StrictModel, closest, config_from_mapping
from discover.core.errors import ConfigError
from discover.evaluation.config import EvaluationConfig
from discover.retrieval import RetrievalConfig
from discover.sampling.config import SamplingConfig
from discover.simulator import SimulatorConfig
from discover.text_encoders.model_cards import MODEL_CARDS

__all__ = ["EvaluationSettings", "HomeSource", "ReportConfig", "RunConfig"]


class HomeSource(StrictModel):
    """Which home, and where its log is."""

    name: str = "demo"
    """A shipped home (`discover homes list`), a home YAML file, or a new name for an unknown home."""
    log: Path | None = None
    """The raw log: text, .gz or .zip, or a folder with tables of intervals (a sensor table and an activity
    table). Default: what lies in data/raw/<family>/<home>/."""
    translate: Path | None = None
    """WSU .translate table that gives rooms for the sensors of an unknown home."""
    reader: str | None = None
    """Name of a reader of your own (docs/guides/extending.md). Default: the format is recognised."""
    accept_refused: bool = False
    """Go on although more than a fifth of the log's lines cannot be read. They are listed and left out."""
    simulate: SimulatorConfig | None = None
    """Make the log with the simulator instead of reading one."""

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, reader: str | None) -> str | None:
        if reader is not None:
            # Reading a config must stay light: the readers are looked at for a name only.
            from discover.homes.readers import READERS

            if reader not in READERS:
                raise ValueError(f"no log reader is called '{reader}'. {closest(reader, tuple(READERS))}")
        return reader

    @model_validator(mode="after")
    def _one_source(self) -> "HomeSource":
        if self.log is not None and self.simulate is not None:
            raise ValueError("home: give either `log` or `simulate`, not both")
        return self


class EvaluationSettings(EvaluationConfig):
    """What is measured after training. Nothing here changes the model."""

    presegmented: bool = True
    """Also score windows cut inside annotated segments (never mixed with the others); needs annotations."""
    fine_tune: bool = False
    """Also train a copy of the encoder with labels. The slowest row: minutes to hours."""
    fine_tuning: FineTuneConfig = FineTuneConfig()
    """How that copy is trained."""


class ReportConfig(StrictModel):
    """What the report shows besides the figures."""

    searches: tuple[str, ...] = (
        "someone opens the fridge at night",
        "someone is in the kitchen in the early morning",
        "someone goes out through the front door",
    )
    """Sentences searched for."""
    top_k: int = Field(default=5, ge=1, le=100)
    """Moments shown per sentence."""
    umap: bool = False
    """Also a UMAP map of the windows, beside PCA and t-SNE; needs the extra `umap`, takes a minute."""


class RunConfig(StrictModel):
    """Settings of a whole run. In YAML the alignment fields stand at the top level."""

    home: HomeSource = HomeSource()
    """Where the events come from."""
    homes: tuple[HomeSource, ...] = ()
    """Several homes, for one model over all. What `home` says holds for each that does not say otherwise."""
    sampling: SamplingConfig = SamplingConfig()
    """How windows are cut."""
    captions: CaptionConfig = CaptionConfig()
    """How windows are described."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """What is measured."""
    report: ReportConfig = ReportConfig()
    """What is shown."""
    retrieval: RetrievalConfig = RetrievalConfig()
    """The search index, and how it is asked by default."""
    alignment: AlignmentConfig = AlignmentConfig()
    """Everything else in the YAML."""

    @field_validator("alignment")
    @classmethod
    def _widths_fit(cls, alignment: AlignmentConfig) -> AlignmentConfig:
        encoder, head = alignment.text_encoder, alignment.sensor_projection
        # The widths of a model folder of one's own are known only when it is loaded.
        width = MODEL_CARDS[encoder.type].dim if encoder.model_path is None else None
        if alignment.text_projection is not None or width in (None, head.dim):
            return alignment
        if "text_projection" in alignment.model_fields_set:
            raise ValueError(
                f"without a text_projection sensor_projection.dim must equal the width of the text encoder: "
                f"{encoder.type} gives {width}, sensor_projection.dim is {head.dim}"
            )
        return alignment.model_copy(update={"text_projection": ProjectionConfig(dim=head.dim)})

    @property
    def sources(self) -> tuple[HomeSource, ...]:
        """The homes of the run, one or several."""
        return self.homes or (self.home,)

    @classmethod
    def from_yaml(cls, path: Path | str, overrides: Sequence[str] = ()) -> "RunConfig":
        """Read and check a run's YAML with `a.b=c` overrides.

        Raises:
            ConfigError: Unknown key (with the nearest valid one), wrong value, or no block of the chain.
        """
        values = read_run_mapping(path, overrides)
        own: dict[str, Any] = {key: values[key] for key in PIPELINE_BLOCKS if key in values}
        if not own.keys() & {"home", "homes", "sampling"}:
            raise ConfigError(
                f"{path} has neither a `home` nor a `sampling` block, so it describes training only. Train "
                "it with `python train.py --config ...`, or say which home it is about (`home: demo`; see "
                "configs/pipelines/demo.yaml)."
            )
        if isinstance(own.get("homes"), list) and isinstance(shared := own.get("home", {}), dict):
            own["homes"] = [_with_shared(one, shared) for one in own["homes"]]
        own["alignment"] = AlignmentConfig.from_mapping(values, source=str(path))
        return config_from_mapping(own, cls, source=str(path))


def _with_shared(home: Any, shared: dict[str, Any]) -> Any:
    """One entry of `homes`, with what `home` says where the entry says nothing; a home has one source."""
    home = {"name": home} if isinstance(home, str) else home
    if not isinstance(home, dict):
        return home
    source = {"log", "simulate"}
    return {k: v for k, v in shared.items() if k not in source or not source & set(home)} | home
