"""What stops the app before it serves."""

import socket
from pathlib import Path

import pytest

from discover.app.running import RunConfig, _bind, run_app
from discover.core.errors import ConfigError, DataError


def test_a_path_that_is_not_there_is_refused_before_anything_starts() -> None:
    with pytest.raises(DataError, match="There is nothing at no_such_log"):
        run_app([Path("no_such_log")], RunConfig(), lambda address: pytest.fail(address))


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {taken} of this machine is taken.*--port"):
            run_app([], RunConfig(port=taken), lambda address: pytest.fail(address))


def test_only_this_machine_is_listened_to() -> None:
    with _bind(0) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"
