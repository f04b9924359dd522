"""An nginx that runs docs/deploy/nginx.conf on the loopback, with other names, ports and certificate."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.nginx import PROGRAM, running_nginx


@dataclass(frozen=True)
class Nginx:
    """Where it listens and writes, and the only certificate to trust."""

    port: int
    plain_port: int
    folder: Path

    @property
    def tls_context(self) -> ssl.SSLContext:
        """The TLS context of its visitors, which trusts only this certificate."""
        return ssl.create_default_context(cafile=self.folder / "certificate.pem")

    def passed_on(self) -> int:
        """Return how many requests it has passed to gunicorn, according to its log."""
        lines = (self.folder / "access.log").read_text("utf-8").splitlines()
        return sum(line.rpartition(" ")[2] != "-" for line in lines)

    def logs(self) -> str:
        """Return everything it has logged."""
        return "".join((self.folder / name).read_text("utf-8") for name in ("access.log", "error.log"))


def find_or_download(folder: Path) -> str:
    """Return the path of an nginx: the machine's own, else Debian's package, unpacked into this folder."""
    if PROGRAM:
        return PROGRAM
    if not shutil.which("apt-get"):
        sys.exit("nginx is missing.")
    print("Fetching nginx ...", flush=True)
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "-qq", "update"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["apt-get", "-qq", "download", "nginx"], check=True, cwd=folder, stderr=subprocess.DEVNULL)
    (package,) = folder.glob("nginx_*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, folder / "unpacked"], check=True)
    return str(folder / "unpacked" / "usr" / "sbin" / "nginx")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def running(program: str, nginx: Nginx, gunicorn: str) -> Iterator[None]:
    """Run it in front of the gunicorn that listens at this address."""
    _certify(nginx.folder)
    changes = (
        (r"listen \[::\]:\d+[^;]*;\n", ""),
        (r"listen 80;", f"listen 127.0.0.1:{nginx.plain_port};"),
        (r"listen 443", f"listen 127.0.0.1:{nginx.port}"),
        (r"server_name login\.example\.com;", "server_name 127.0.0.1;"),
        (r"(ssl_certificate +)[^;]*;", rf"\1{nginx.folder}/certificate.pem;"),
        (r"(ssl_certificate_key +)[^;]*;", rf"\1{nginx.folder}/key.pem;"),
        (r"http://127\.0\.0\.1:8000", gunicorn),
    )
    asked = '$remote_addr "$request" $status $upstream_status'
    with running_nginx(
        program, nginx.folder, shipped="nginx.conf", changes=changes, log_format=asked, port=nginx.port
    ):
        yield


def _certify(folder: Path) -> None:
    words = (
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2"
    )
    command = ["openssl", *words.split(), "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
