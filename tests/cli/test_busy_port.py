"""A port that can't be had: one sentence, before anything else is printed or made."""

import errno
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mfa_app.master import hold_port
from mfa_app.settings import SettingError, load_settings
from tests.support.terminal import Shell
from tests.support.waiting import PATIENCE_SECONDS, wait_until

SERVER = ("gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")


@pytest.fixture
def busy() -> Iterator[str]:
    """The number of a port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield str(other.getsockname()[1])


def sentence(port: str) -> str:
    return (
        f"Port {port} is used by another program. "
        "Stop that program, or choose another port, for example PORT=9000.\n"
    )


@pytest.mark.parametrize("command", [["bin.serve", "prepare"], ["bin.serve", "demo"], ["bin.dev"]])
def test_nothing_is_printed_or_made_before_the_port_is_held(
    shell: Shell, busy: str, command: list[str]
) -> None:
    assert shell.run(*command, PORT=busy) == (1, "", sentence(busy))
    assert not (shell.folder / "second-gate.sqlite3").exists()


def test_the_server_alone_says_the_same(environment: dict[str, str], busy: str) -> None:
    code, output, errors = Shell(Path(environment["MFA_INSTANCE_PATH"])).run(*SERVER, PORT=busy)
    assert (code, output) == (1, "")
    assert errors.partition("\n")[2] == sentence(busy)  # after its own first line


def test_a_port_that_only_root_may_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_server", _denied)  # as for everyone but root
    with pytest.raises(SystemExit) as ended:
        hold_port(80)
    refused = "Port 80 can't be used: Permission denied. Choose another port, for example PORT=9000."
    assert ended.value.code == refused


def _denied(*_arguments: object, **_options: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_what_is_no_port_is_refused(shell: Shell) -> None:
    refused = "PORT must be a whole number from 1 to 65535."
    assert shell.run("bin.serve", "prepare", PORT="abc") == (1, "", f"{refused}\n")
    for port in ("abc", "0", "65536", "8000.0", "127.0.0.1:8000"):
        with pytest.raises(SettingError) as found:
            load_settings({**shell.environment, "PORT": port})
        assert str(found.value) == refused, port


def test_the_port_under_another_name_is_named(shell: Shell) -> None:
    assert shell.run("bin.serve", "prepare", MFA_PORT="9000") == (
        1,
        "",
        "MFA_PORT is not a setting. Did you mean PORT?\n",
    )


def test_nobody_gets_the_port_while_the_site_is_prepared(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with shell.start("bin.serve", "prepare", PORT=str(port)) as site:
        connection = _first_connection(port)
        connection.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"  # it waited for the site to be ready
        connection.close()
        assert "/link/" in site.streams[1].read_text("utf-8")
    with sqlite3.connect(shell.folder / "second-gate.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM site_policy").fetchone() == (1,)


def _first_connection(port: int) -> socket.socket:
    made: list[socket.socket] = []

    def connected() -> bool:
        with suppress(ConnectionRefusedError):
            made.append(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS))
        return bool(made)

    wait_until(connected)
    return made[0]
