"""The site as it is really served, by gunicorn with two workers, and browsers on the network."""

import atexit
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from bs4 import BeautifulSoup

PROJECT = Path(__file__).parents[1]
Result = TypeVar("Result")


@contextmanager
def serving(
    environment: dict[str, str], application: str = "wsgi:app", *, wait: bool = True
) -> Iterator[str]:
    """Serve the site under these settings on a free port; give its address.

    Without `wait`, its end is awaited at the end of this process, beside that of others.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    values = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    values |= {**environment, "PORT": str(port)}
    folder = Path(environment["MFA_INSTANCE_PATH"])
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--pid"]
    command += [str(folder / "gunicorn.pid"), application]
    log = folder / "gunicorn.log"
    with log.open("wb") as out:
        site = subprocess.Popen(command, cwd=PROJECT, env=values, stdout=out, stderr=out)
    try:
        _wait(site, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        site.send_signal(signal.SIGINT)  # its quick stop: nobody waits for open connections
        site.wait() if wait else atexit.register(site.wait)


def _wait(site: subprocess.Popen, port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and site.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/login")
            return connection.close() if connection.getresponse() else None
        time.sleep(0.05)
    raise RuntimeError(log.read_text("utf-8"))


class Answer:
    """What came back: status, the path where it ended, the page."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status
        self.path = urlsplit(response.url).path
        self.headers = response.headers
        self.html = BeautifulSoup(response.read().decode(), "html.parser")

    @property
    def text(self) -> str:
        return " ".join(self.html.get_text(" ").split())


class NetworkBrowser:
    """A browser that reaches a served site over the network; follows redirects and keeps cookies."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.page: Answer | None = None

    def open(self, path: str) -> Answer:
        self.page = self._send(Request(self.site + path))  # noqa: S310 - always http
        return self.page

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form to an address, with the hidden fields of the page at hand: the CSRF token for one."""
        hidden = {field["name"]: field["value"] for field in self.page.html.find_all("input", type="hidden")}
        body = urlencode({**hidden, **fields}).encode()
        self.page = self._send(Request(self.site + path, data=body))  # noqa: S310 - always http
        return self.page

    def _send(self, request: Request) -> Answer:
        try:
            with self.opener.open(request, timeout=60) as response:
                return Answer(response)
        except HTTPError as refused:
            with refused:
                return Answer(refused)


def at_once(*calls: Callable[[], Result]) -> list[Result]:
    """Make all calls in the same moment, each in a thread of its own; return what they returned, in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
