"""Start the server: bind to 127.0.0.1, say where the app is, serve until it is stopped."""

import contextlib
import socket
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from discover.core.errors import ConfigError, DataError

__all__ = ["RunConfig", "run_app"]

_HOST = "127.0.0.1"


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
    """

    port: int = 0
    writable: bool = False
    layout: str | None = None
    time_zone: str | None = None
    workspace: Path | None = None
    max_upload_mb: int = 2_048
    browser: bool = True


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
    try:
        import uvicorn

        from discover.app.jobs import Jobs
        from discover.app.security import GateConfig
        from discover.app.server import AppConfig, create_app
        from discover.app.shelf import Shelf
    except ImportError as error:
        if error.name not in ("fastapi", "uvicorn", "starlette"):
            raise
        raise ConfigError(
            f"The app needs a web server ({error.name} is missing). Install it with "
            "`pip install 'discover-v2[app]'`."
        ) from error

    bound = _bind(config.port)
    gate = GateConfig(port=bound.getsockname()[1], max_upload_bytes=config.max_upload_mb * 2**20)
    jobs = Jobs()
    shelf = Shelf(jobs, layout=config.layout, workspace=config.workspace, time_zone=config.time_zone)
    for path in paths:
        shelf.add(path)
    allowed = AppConfig(
        gate, writable=config.writable, uploads=config.writable or not paths, workspace=config.workspace
    )
    address = f"http://{_HOST}:{gate.port}/?token={gate.token}"
    tell(address)
    if config.browser:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)
    # An access log would hold the token of the first address.
    settings = uvicorn.Config(
        create_app(shelf, allowed), log_level="warning", access_log=False, server_header=False,
        date_header=False, timeout_graceful_shutdown=1, proxy_headers=False, ws="none",
    )  # fmt: skip
    try:
        uvicorn.Server(settings).run(sockets=[bound])
    finally:
        jobs.close()


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((_HOST, port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"Port {port} of this machine is taken ({error.strerror}). Choose another with --port, or leave "
            "it out for a free one."
        ) from error
    return bound
