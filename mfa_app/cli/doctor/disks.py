"""Checks that there is room on the disks that the site writes to, while it can still be made."""

import os
from collections.abc import Iterator
from pathlib import Path

from flask_babel import gettext as _

from mfa_app.cli.doctor.finding import Finding
from mfa_app.extensions import db
from mfa_app.settings import Settings

MIB = 1024 * 1024
FULL_MIB, LOW_MIB = 16, 1024


def findings(settings: Settings) -> Iterator[Finding]:
    """Check the disks of the instance folder and of an SQLite database: free space, and free file entries."""
    folders = {settings.instance_path.resolve()}
    if db.engine.name == "sqlite":
        folders.add(Path(str(db.engine.url.database)).resolve().parent)
    disks = {folder.stat().st_dev: folder for folder in sorted(folders, reverse=True) if folder.is_dir()}
    for folder in sorted(disks.values()):
        yield from _room(folder)


def _room(folder: Path) -> Iterator[Finding]:
    disk = os.statvfs(folder)
    free, size = (blocks * disk.f_frsize // MIB for blocks in (disk.f_bavail, disk.f_blocks))
    if free < min(LOW_MIB, size // 10 + 1):
        yield Finding(
            _(
                "The disk of %(folder)s has only %(free)s MiB of %(size)s MiB free.",
                folder=folder,
                free=free,
                size=size,
            ),
            _("Free some space: on a full disk nobody can log in."),
            wrong=free < min(FULL_MIB, size // 20 + 1),
        )
    if disk.f_files and not disk.f_favail:
        yield Finding(
            _("The disk of %(folder)s can't hold another file.", folder=folder),
            _("Delete some files: df --inodes shows the disk."),
            wrong=True,
        )
