"""Whose the files are that the site makes: nobody else may read them, and root makes them for their user."""

import os
from pathlib import Path


def chown_like(made: int | Path, place: Path) -> None:
    """Give what root has just made to the owner of what lies at `place`, else to that of the folder.

    The site runs as a user of its own, who could not open what a command typed by root leaves behind.
    `made` is a handle, or a path that is a link to nothing else.
    """
    if os.geteuid() != 0:
        return
    owner = (place if place.exists() else place.parent).stat()
    if isinstance(made, Path):
        os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=False)
    else:
        os.fchown(made, owner.st_uid, owner.st_gid)


def open_private(path: str, flags: int) -> int:
    """Open a file that nobody else may read, as `open` wants its opener; no link is followed.

    Root could otherwise be led to write, or give away, a file somewhere else.
    """
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, (flags & ~os.O_CREAT) | os.O_NOFOLLOW)
    chown_like(handle, Path(path).parent)
    return handle
