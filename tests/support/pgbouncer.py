"""Debian's PgBouncer between the site and a PostgreSQL, which lends a connection for one transaction only."""

import configparser
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from mfa_app.settings import PROJECT_ROOT
from tests.support.waiting import wait_until

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")

SHIPPED = PROJECT_ROOT / "docs" / "deploy" / "pgbouncer.ini"


@contextlib.contextmanager
def running_pgbouncer(pattern: str, *, size: int) -> Iterator[str]:
    """Lend the connections of the server at `pattern`, so many for each database; yield a pattern to use.

    It runs the configuration in docs/deploy, but for places, passwords and TLS.

    Where PgBouncer is missing the test is skipped, or fails where CI is set.
    """
    if PROGRAM is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("PgBouncer is not installed")
    (server,) = parse_qs(urlsplit(pattern).query)["host"]
    folder = Path(tempfile.mkdtemp(prefix="second-gate-"))
    configuration = folder / "pgbouncer.ini"
    _write(configuration, server=server, folder=folder, size=size)
    user = {}
    if os.geteuid() == 0:  # it refuses to run as root
        shutil.chown(folder, "nobody")
        user = {"user": "nobody", "extra_groups": []}
    with subprocess.Popen([PROGRAM, "--quiet", configuration], cwd=folder, **user) as process:  # type: ignore[call-overload]
        try:
            wait_until(lambda: _answers(folder))
            yield f"postgresql+psycopg://postgres@/{{name}}?host={folder}&port=6432"
        finally:
            process.terminate()
    shutil.rmtree(folder)


def _write(configuration: Path, *, server: str, folder: Path, size: int) -> None:
    shipped = configparser.ConfigParser()
    shipped.read(SHIPPED, "utf-8")
    ours = shipped["pgbouncer"]
    for name in [name for name in ours if name.startswith("client_tls_") or name == "auth_file"]:
        del ours[name]
    places = {"listen_addr": "", "unix_socket_dir": str(folder), "logfile": f"{folder}/log"}
    ours.update({**places, "auth_type": "any", "default_pool_size": str(size)})
    shipped["databases"] = {"*": f"host={server} user=postgres"}
    with configuration.open("w", encoding="utf-8") as file:
        shipped.write(file)


def _answers(folder: Path) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(host=str(folder), port=6432, user="postgres", dbname="postgres").close()
        return True
    return False
