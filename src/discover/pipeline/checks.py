"""What must hold before a run begins; `discover check` and `discover run` ask the same.

Nothing is written and no model is loaded.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from discover.core.errors import ConfigError, DataError
from discover.core.event_files import read_events
from discover.core.permissions import Permissions, user_permissions
from discover.core.tables import SPLITS
from discover.pipeline.data_stages import read_log, resolve_home
from discover.pipeline.refused_lines import RefusedLines
from discover.sampling.config import SplitConfig
from discover.sampling.splits import assign_days
from discover.stages.stage import Stage, StagePlan
from discover.text_encoders.config import TextEncoderConfig

if TYPE_CHECKING:
    from discover.pipeline.chain import Chain

__all__ = ["check_days", "check_log", "check_run"]


def check_run(chain: "Chain", plans: Sequence[StagePlan]) -> None:
    """Fail where a run would fail later, after minutes of work.

    Args:
        chain: The stages and their settings.
        plans: What a run would do with them (`plan_stages`).

    Raises:
        ConfigError: The device is missing or cannot compute in the precision, the text encoder is not here, a
            split that the chain needs has no share of the days, or a folder cannot be written.
    """
    _check_hardware(chain)
    _check_splits(chain.config.sampling.split)
    planned = [plan.stage for plan in plans if plan.action != "skip"]
    if any(stage.name.startswith("encode-text") for stage in planned):
        _check_text_encoder(chain.config.alignment.text_encoder)
    _check_writable(planned)


def check_log(chain: "Chain", plans: Sequence[StagePlan]) -> list[RefusedLines]:
    """Read the logs that were not read yet, and fail where a run would for their lines or days.

    Args:
        chain, plans: As for `check_run`.

    Returns:
        Refused lines of each log; none of a log that is yet to be simulated.

    Raises:
        DataError: A log cannot be read, or cannot be trained on.
    """
    imported = {p.stage.folder for p in plans if p.stage.name == "import" and p.action == "skip"}
    found = []
    for home in chain.homes:
        folders, source = home.folders, home.source
        if folders.home in imported:
            refused = RefusedLines.of_folder(folders.home)
            events = read_events(folders.home)
        elif folders.log.exists():
            log = read_log(folders.log, folders.home, resolve_home(source), source)
            refused, events = RefusedLines.of_import(log), log.log.events
        else:
            continue
        refused.refuse_many(accepted=source.accept_refused)
        check_days(events["time"].dt.date().n_unique(), chain.config.sampling.split)
        found.append(refused)
    return found


def check_days(n_days: int, split: SplitConfig) -> None:
    """Fail where a log is too short to train on.

    Args:
        n_days: Calendar days on which it has events.
        split: How days are split.

    Raises:
        DataError: A split would be left without a day.
    """
    needed = int(sum(share > 0 for share in split.ratios))
    if n_days < needed:
        raise DataError(
            f"The log has events on {n_days} calendar day{'' if n_days == 1 else 's'}, and a whole run needs "
            f"{needed}: at least one each to train, to validate and to test. No window was cut. Give a log "
            f"of {needed} days or more; a week is a good start."
        )
    assign_days(n_days, split)


def _check_hardware(chain: "Chain") -> None:
    training = chain.config.alignment.training
    if training.device == "auto" and training.precision != "fp16":
        return
    from discover.alignment.optimizer import fabric_precision, pick_device

    fabric_precision(training, pick_device(training.device))


def _check_splits(split: SplitConfig) -> None:
    empty = [name for name, share in zip(SPLITS, split.ratios, strict=True) if not share > 0]
    if empty:
        raise ConfigError(
            f"sampling.split.ratios is {list(split.ratios)}, which leaves no day for {' and '.join(empty)}. "
            "A whole run trains, validates and tests. Give each a share, for example "
            "--set sampling.split.ratios=[0.7,0.1,0.2]; windows alone are cut with `discover sample`."
        )


def _check_text_encoder(config: TextEncoderConfig) -> None:
    from discover.text_encoders.model_cards import MODEL_CARDS
    from discover.text_encoders.model_files import resolve_folder

    local = config.model_path is not None and Path(config.model_path).expanduser().is_dir()
    # A model that may be fetched is looked for when it is needed: a check does not touch the network.
    if local or not user_permissions().download:
        resolve_folder(config, MODEL_CARDS[config.type], Permissions())


def _check_writable(stages: Sequence[Stage]) -> None:
    for folder in dict.fromkeys(stage.folder for stage in stages):
        place = folder
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise ConfigError(
                f"Cannot write in {folder}: {place} is no folder. Choose another folder (output_dir or "
                "--workspace)."
            )
        try:
            with tempfile.TemporaryDirectory(prefix=".discover-", dir=place):
                pass
        except OSError as error:
            raise ConfigError(
                f"Cannot write in {place} ({error.strerror}), where {folder} belongs. Choose another folder "
                "(output_dir or --workspace), or change its permissions."
            ) from error
