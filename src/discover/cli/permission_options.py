"""`--allow-download` and `--trust-remote-code`, on every command that may load a text encoder."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from discover.core.permissions import DOWNLOAD, REMOTE_CODE, granting

__all__ = ["with_permissions"]

_PANEL = "Permissions, which no file can give"

_DownloadOption = Annotated[
    bool,
    typer.Option(DOWNLOAD.option, help="Fetch a text encoder that is not here.", rich_help_panel=_PANEL),
]
_CodeOption = Annotated[
    bool,
    typer.Option(
        REMOTE_CODE.option, help="Run Python code that comes with a text encoder.", rich_help_panel=_PANEL
    ),
]


def with_permissions(command: Callable[..., None]) -> Callable[..., None]:
    """Add both options to a command; they hold while it runs, and its function does not see them."""

    @functools.wraps(command)
    def run(*, allow_download: bool = False, trust_remote_code: bool = False, **given: Any) -> None:
        with granting(download=allow_download, remote_code=trust_remote_code):
            command(**given)

    own = {"allow_download": _DownloadOption, "trust_remote_code": _CodeOption}
    signature = inspect.signature(command)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in own.items()
    ]
    # Typer reads names and types from these two.
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *more]
    )
    run.__annotations__ = {**command.__annotations__, **own}
    return run
