"""Whether the site is running on this installation: a file lock that ends with its last process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from mfa_app.core.common import files
from mfa_app.settings import Settings


class SiteRunning(Exception):
    """The site, or a command that needs it stopped, is running on this installation.

    `nodes` are the other nodes on its database, as host:port. If there are none, it is running here.
    """

    def __init__(self, *nodes: str) -> None:
        self.nodes = nodes


def lock_shared(settings: Settings) -> IO[str]:
    """Take the shared lock that says the site is running; held until the file is closed.

    Raises SiteRunning.
    """
    return _locked(settings, fcntl.LOCK_SH)


@contextmanager
def lock_exclusive(settings: Settings) -> Iterator[None]:
    """Keep the site from starting while the block runs. Raises SiteRunning if it is running."""
    with _locked(settings, fcntl.LOCK_EX):
        yield


def _locked(settings: Settings, kind: int) -> IO[str]:
    file = open(settings.instance_path / "running.lock", "a", opener=files.open_private)  # noqa: SIM115 - held on purpose
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise SiteRunning from None
    return file
