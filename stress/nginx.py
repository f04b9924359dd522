"""An nginx that runs docs/deploy/nginx.conf on the loopback, with other names, ports and certificate."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mfa_app.settings import PROJECT_ROOT

SHIPPED = PROJECT_ROOT / "docs" / "deploy" / "nginx.conf"
MAIN_CONFIG = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    log_format asked '$remote_addr "$request" $status $upstream_status';
    access_log {folder}/access.log asked;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


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
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found:
        return found
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
    nginx.folder.chmod(0o711)  # its workers are not root
    site = SHIPPED.read_text("utf-8")
    for shipped, ours in (
        (r"listen \[::\]:\d+.*;\n", ""),
        (r"listen 80;", f"listen 127.0.0.1:{nginx.plain_port};"),
        (r"listen 443", f"listen 127.0.0.1:{nginx.port}"),
        (r"server_name login\.example\.com;", "server_name 127.0.0.1;"),
        (r"(ssl_certificate +).*;", rf"\1{nginx.folder}/certificate.pem;"),
        (r"(ssl_certificate_key +).*;", rf"\1{nginx.folder}/key.pem;"),
        (r"http://127\.0\.0\.1:8000", gunicorn),
    ):
        site, count = re.subn(shipped, ours, site)
        if not count:
            sys.exit(f"{SHIPPED} has no {shipped} any more.")
    (nginx.folder / "site.conf").write_text(site, "utf-8")
    (nginx.folder / "nginx.conf").write_text(MAIN_CONFIG.format(folder=nginx.folder), "utf-8")
    _certify(nginx.folder)
    with subprocess.Popen([program, "-p", nginx.folder, "-c", nginx.folder / "nginx.conf"]) as process:
        try:
            for _try in range(100):
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", nginx.port), timeout=5).close()
                    break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _certify(folder: Path) -> None:
    words = (
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2"
    )
    command = ["openssl", *words.split(), "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
