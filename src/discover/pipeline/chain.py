"""A run's YAML turned into stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from discover.core.paths import Workspace
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders, data_stages
from discover.pipeline.model_stages import ModelFolders, model_folders, model_stages
from discover.pipeline.stage import Stage

__all__ = ["Chain", "build_chain"]


@dataclass(frozen=True)
class Chain:
    """All stages of a run, in order, and where their artefacts lie."""

    config: RunConfig
    stages: tuple[Stage, ...]
    data_folders: DataFolders
    model_folders: ModelFolders
    workspace: Workspace


def build_chain(
    config: Path, overrides: Sequence[str] = (), workspace: Path = Path(), *, output_dir: Path | None = None
) -> Chain:
    """Check a run's settings and lay out its stages; reads no data.

    Args:
        config: The run's YAML.
        overrides: `a.b=c` assignments.
        workspace: Folder that holds data/, trained_models/ and results/.
        output_dir: Folder of the model, instead of trained_models/<home>/<experiment>.

    Raises:
        ConfigError: A setting is wrong.
        DataError: The home has no log.
    """
    run = RunConfig.from_yaml(config, overrides)
    root = Workspace(workspace)
    stages, data = data_stages(run, root)
    folders = model_folders(run, data, root, output_dir)
    stages += model_stages(run, data, folders, root)
    return Chain(run, tuple(stages), data, folders, root)
