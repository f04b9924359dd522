"""Whether the site runs on this installation: a lock that the kernel lets go with the last process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from mfa_app.config import Settings
from mfa_app.core import files


class Occupied(Exception):
    """The installation is in use by somebody who must not be disturbed."""


def hold(settings: Settings) -> IO[str]:
    """Say that the site runs, until the file that is returned is closed everywhere. Raises Occupied."""
    return _locked(settings, fcntl.LOCK_SH)


@contextmanager
def standing_still(settings: Settings) -> Iterator[None]:
    """Keep the site from running for a while. Raises Occupied when it runs."""
    with _locked(settings, fcntl.LOCK_EX):
        yield


def _locked(settings: Settings, kind: int) -> IO[str]:
    file = open(settings.instance_path / "running.lock", "a", opener=files.private)  # noqa: SIM115 - held on purpose
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Occupied from None
    return file
