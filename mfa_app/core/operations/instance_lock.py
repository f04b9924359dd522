"""Whether the site runs on this installation: a lock that the kernel lets go with the last process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from mfa_app.core.common import files
from mfa_app.settings import Settings


class SiteRunning(Exception):
    """The installation is in use by somebody who must not be disturbed."""


def lock_shared(settings: Settings) -> IO[str]:
    """Say that the site runs, until the file that is returned is closed everywhere. Raises SiteRunning."""
    return _locked(settings, fcntl.LOCK_SH)


@contextmanager
def lock_exclusive(settings: Settings) -> Iterator[None]:
    """Keep the site from running for a while. Raises SiteRunning when it runs."""
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
