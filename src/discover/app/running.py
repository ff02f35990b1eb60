"""Start the server: bind to 127.0.0.1, say where the app is, serve until it is stopped."""

import contextlib
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from discover.core.errors import ConfigError, DataError
from discover.homes.home_assistant.notes import NOTE_FILE

if TYPE_CHECKING:
    from discover.app.shelf import Shelf

__all__ = ["RunConfig", "run_app"]

_HOST, _ALL = "127.0.0.1", "0.0.0.0"
_TOKEN, _SHORTEST = "DISCOVER_APP_TOKEN", 16


@dataclass(frozen=True)
class RunConfig:
    """How the app is started.

    Attributes:
        port: 0: a free one.
        writable: Corrections and plans are stored, uploads taken.
        layout: Home of the raw logs that are named.
        time_zone: IANA zone of homes whose database holds times in UTC.
        workspace: Folder for what is made of raw logs and for uploads.
        max_upload_mb: Longest upload in MiB.
        browser: Open the address in the user's browser.
        behind_ingress: Only Home Assistant's ingress is served, on all addresses of a container, and programs
            with the token of `DISCOVER_APP_TOKEN`.
        llm, llm_model: Endpoint and model that read questions; None: the rules.
        sync_minutes: How often what is new in the sources of the homes is added; 0: never.
    """

    port: int = 0
    writable: bool = False
    layout: str | None = None
    time_zone: str | None = None
    workspace: Path | None = None
    max_upload_mb: int = 2_048
    browser: bool = True
    behind_ingress: bool = False
    sync_minutes: int = 0
    llm: str | None = None
    llm_model: str = "default"


def run_app(paths: Sequence[Path], config: RunConfig, tell: Callable[[str], None]) -> None:
    """Serve some homes until the process is interrupted.

    Args:
        paths: Logs and model folders; none: the app begins with a page that takes a log.
        config: How.
        tell: Prints the address.

    Raises:
        DataError: A path does not exist.
        ConfigError: FastAPI and uvicorn are not installed, or the port is taken.
    """
    for path in paths:
        if not path.exists():
            raise DataError(
                f"There is nothing at {path}. Give a log (text, CSV, folder or archive), the folder of a "
                "trained model, or nothing: then the app takes a log by drag and drop."
            )
    if config.sync_minutes:
        _check_synced(paths)
    try:
        import uvicorn

        from discover.app.jobs import Jobs
        from discover.app.security import INGRESS_ADDRESS, GateConfig
        from discover.app.server import AppConfig, create_app
        from discover.app.shelf import Shelf
    except ImportError as error:
        if error.name not in ("fastapi", "uvicorn", "starlette"):
            raise
        raise ConfigError(
            f"The app needs a web server ({error.name} is missing). Install it with "
            "`pip install 'discover-v2[app]'`."
        ) from error

    token = _token()
    bound = _bind(config.port, _ALL if config.behind_ingress else _HOST)
    gate = GateConfig(
        port=bound.getsockname()[1], token=token, max_upload_bytes=config.max_upload_mb * 2**20,
        ingress=INGRESS_ADDRESS if config.behind_ingress else "",
    )  # fmt: skip
    jobs = Jobs()
    shelf = Shelf(
        jobs, layout=config.layout, workspace=config.workspace, time_zone=config.time_zone,
        llm=config.llm, llm_model=config.llm_model,
    )  # fmt: skip
    homes = [shelf.add(path).id for path in paths]
    allowed = AppConfig(
        gate, writable=config.writable, uploads=config.writable or not paths, workspace=config.workspace
    )
    address = f"http://{_HOST}:{gate.port}/?token={gate.token}"
    tell(f"port {gate.port}, for Home Assistant's ingress" if config.behind_ingress else address)
    if config.browser and not config.behind_ingress:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)
    # An access log would hold the token of the first address.
    settings = uvicorn.Config(
        create_app(shelf, allowed), log_level="warning", access_log=False, server_header=False,
        date_header=False, timeout_graceful_shutdown=1, proxy_headers=False, ws="none",
    )  # fmt: skip
    stopped = threading.Event()
    if config.sync_minutes:
        every_s = 60.0 * config.sync_minutes
        threading.Thread(target=_keep_synced, args=(shelf, homes, every_s, stopped), daemon=True).start()
    try:
        uvicorn.Server(settings).run(sockets=[bound])
    finally:
        stopped.set()
        jobs.close()


def _keep_synced(shelf: "Shelf", homes: Sequence[str], every_s: float, stopped: threading.Event) -> None:
    while not stopped.wait(every_s):
        for home in homes:
            shelf.sync(home)


def _check_synced(paths: Sequence[Path]) -> None:
    for path in paths:
        if not (path / NOTE_FILE).is_file():
            raise ConfigError(
                f"--sync-every adds to homes that `discover import ha` made, and {path} is none. Leave the "
                "option out, or import the source first."
            )


def _token() -> str:
    """The token that the environment gives, so that programs know it; else a new one."""
    given = os.environ.get(_TOKEN, "")
    if given and (len(given) < _SHORTEST or not given.isascii() or not given.isprintable() or " " in given):
        raise ConfigError(
            f"{_TOKEN} must be {_SHORTEST} or more printable ASCII characters without spaces, got "
            f"{len(given)} characters. Set a longer one, such as the output of `openssl rand -hex 32`."
        )
    return given or secrets.token_urlsafe(32)


def _bind(port: int, host: str = _HOST) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"Port {port} of this machine is taken ({error.strerror}). Choose another with --port, or leave "
            "it out for a free one."
        ) from error
    return bound
