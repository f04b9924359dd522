"""Checks that the files in the instance folder belong to its owner, and that nobody else can read them."""

import stat
from collections.abc import Iterator
from pathlib import Path

from flask_babel import gettext as _

from mfa_app.cli.doctor.finding import Finding
from mfa_app.core.audit import anchors
from mfa_app.core.keys import keyring
from mfa_app.core.mail import outbox
from mfa_app.core.operations.backup import SQLITE_SIDECARS
from mfa_app.extensions import db
from mfa_app.settings import Settings

OPEN_TO_ALL = stat.S_IRWXO
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
NO_SECRET = ".gitignore"  # part of the code


def findings(settings: Settings) -> Iterator[Finding]:
    """Check the keys, the database, every other file that may hold secrets, and the folder itself."""
    folder = settings.instance_path.resolve()
    own = [path for path in (keyring.file_of(settings).resolve(), *_sqlite_files()) if path.exists()]
    written = (anchors.file_of(settings), outbox.folder_of(settings), folder / "running.lock")
    for path in own:
        yield from _readable(path, OPEN_TO_OTHERS)
    for path in (*own, *filter(Path.exists, written)):
        yield from _owned(path, folder)
    for path in sorted(folder.iterdir()):  # settings, emails, backups: a group may read these
        if path not in own and path.name != NO_SECRET and path.exists():
            yield from _readable(path, OPEN_TO_ALL)
    if folder.stat().st_mode & OPEN_TO_ALL:
        yield Finding(
            _("Other users of this machine can open the folder %(folder)s.", folder=folder),
            _("Please run: chmod 700 %(folder)s", folder=folder),
        )


def _owned(path: Path, folder: Path) -> Iterator[Finding]:
    """Check that the site can write what a command of another user may have left behind."""
    if path.stat().st_uid != folder.stat().st_uid:
        yield Finding(
            _("%(path)s does not belong to the owner of its folder.", path=path),
            _("Please run: chown --reference=%(folder)s %(path)s", folder=folder, path=path),
            wrong=True,
        )


def _readable(path: Path, by: int) -> Iterator[Finding]:
    if path.stat().st_mode & by:
        mode = 700 if path.is_dir() else 600
        yield Finding(
            _("%(path)s can be read by other users of this machine.", path=path),
            _("Please run: chmod %(mode)s %(path)s", mode=mode, path=path),
            wrong=True,
        )


def _sqlite_files() -> list[Path]:
    """Return the SQLite database and the files that may stand beside it."""
    if db.engine.name != "sqlite":
        return []
    return [Path(f"{db.engine.url.database}{ending}") for ending in ("", *SQLITE_SIDECARS)]
