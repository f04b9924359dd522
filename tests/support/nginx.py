"""An nginx that runs a file of docs/deploy, and the one that balances between two nodes."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mfa_app.settings import PROJECT_ROOT
from tests.support.waiting import wait_until

Changes = Iterable[tuple[str, str]]

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
DEPLOY = PROJECT_ROOT / "docs" / "deploy"

MAIN_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    log_format asked '{log_format}';
    access_log {folder}/access.log asked;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@contextlib.contextmanager
def running_nginx(
    program: str, folder: Path, *, shipped: str, changes: Changes, log_format: str, port: int
) -> Iterator[None]:
    """Run nginx with a file of docs/deploy until it answers on this port; it writes into the folder.

    `changes` are patterns in that file, and what stands there instead. Each must be found.
    """
    site = (DEPLOY / shipped).read_text("utf-8")
    for pattern, ours in changes:
        site, count = re.subn(pattern, ours, site, flags=re.DOTALL)
        assert count, f"{shipped} has no {pattern} any more"
    folder.chmod(0o711)  # its workers are not root
    (folder / "site.conf").write_text(site, "utf-8")
    (folder / "nginx.conf").write_text(MAIN_CONFIG.format(folder=folder, log_format=log_format), "utf-8")
    command: list[str | Path] = [program, "-p", folder, "-c", folder / "nginx.conf"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _listens(port) or process.poll() is not None)
            yield
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    return False


@dataclass(frozen=True)
class Balancer:
    """An nginx that asks each node in turn: where it listens, and where it writes."""

    address: str
    folder: Path

    def asked(self) -> list[tuple[str, str, str]]:
        """Return method, path and node of each request so far."""
        lines = (self.folder / "access.log").read_text("utf-8").splitlines()
        return [(method, path, node) for method, path, node in (line.split(" ", 2) for line in lines)]


@contextlib.contextmanager
def running_balancer(port: int, nodes: tuple[str, str]) -> Iterator[Balancer]:
    """Balance between the nodes at these addresses, on this port.

    Where nginx is missing the test is skipped, or fails where CI is set.
    """
    if PROGRAM is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("nginx is not installed")
    folder = Path(tempfile.mkdtemp(prefix="second-gate-"))
    with running_nginx(
        PROGRAM,
        folder,
        shipped="nginx-balancer.conf",
        changes=_changes(port, nodes),
        log_format="$request_method $uri $upstream_addr",
        port=port,
    ):
        yield Balancer(f"http://127.0.0.1:{port}", folder)
    shutil.rmtree(folder)


def _changes(port: int, nodes: tuple[str, str]) -> Changes:
    first, second = (urlsplit(node).netloc for node in nodes)
    return (
        (r"server \{\n    listen 80;.*?\n\}\n", ""),
        (r"listen \[::\]:443.*?;\n", ""),
        (r"listen 443 ssl http2;", f"listen 127.0.0.1:{port};"),
        (r"server_name login\.example\.com;", "server_name 127.0.0.1;"),
        (r"\n *(proxy_)?ssl_[^\n]*;", ""),
        (r"10\.0\.0\.11:443", first),
        (r"10\.0\.0\.12:443", second),
        (r"https://second_gate", "http://second_gate"),
    )
