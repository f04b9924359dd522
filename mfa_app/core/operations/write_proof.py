"""Proof that the site can save something: a small write to its database and to its folders, now and then."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from mfa_app.core.mail import outbox
from mfa_app.core.operations.site_values import StoredValues
from mfa_app.extensions import db
from mfa_app.settings import Settings
from mfa_app.site import site

INTERVAL = timedelta(seconds=10)

BLOCK = bytes(4096)

# Neither leaves a row behind. On SQLite, a number in the header of the file that nothing else uses is counted
# on. On PostgreSQL, a change of a row would fit into a page that is there: only a new file needs free space.
_COUNT_ON = "PRAGMA user_version = {}"
_NEW_FILE = "CREATE TEMPORARY TABLE write_proof ON COMMIT DROP AS SELECT 1 AS proof"


class WriteProof:
    """When this process last saw each write succeed. A failure is never remembered."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}

    def is_fresh(self, what: str, now: datetime) -> bool:
        """Return True if this write has succeeded in the last ten seconds."""
        seen = self._seen.get(what)
        return seen is not None and timedelta(0) <= now - seen < INTERVAL

    def renew(self, what: str, now: datetime) -> None:
        """Note that this write has just succeeded."""
        self._seen[what] = now


def write_to_database() -> None:
    """Write something small and commit, so that it reaches the disk. Raises SQLAlchemyError."""
    connection = db.session.connection()
    if db.engine.name == "sqlite":
        count: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(_COUNT_ON.format((count + 1) % 2**31))
    else:
        connection.exec_driver_sql(_NEW_FILE)
    db.session.commit()


def write_to_folders(settings: Settings) -> None:
    """Write a block to a file in each folder that the site writes to, and delete it. Raises OSError.

    They are the instance folder, and its outbox if emails become files.
    """
    folder = outbox.folder_of(settings)
    _write_to(settings.instance_path)
    if site()[StoredValues].beside(settings).smtp_url is None and folder.exists():
        _write_to(folder)


def _write_to(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(BLOCK)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(folder)) from None
