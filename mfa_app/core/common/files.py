"""Ownership and permissions of the files that the site creates: private, and owned by the site's user."""

import os
from pathlib import Path


def chown_like(made: int | Path, place: Path) -> None:
    """When running as root, give a new file the owner of `place` if that exists, else of its folder.

    The site runs as its own user, who couldn't open files left behind by root's commands. `made` is a file
    descriptor, or a path that is not a link.
    """
    if os.geteuid() != 0:
        return
    owner = (place if place.exists() else place.parent).stat()
    if isinstance(made, Path):
        os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=False)
    else:
        os.fchown(made, owner.st_uid, owner.st_gid)


def open_private(path: str, flags: int) -> int:
    """Open a file that only its owner can read, as an `opener` for `open`. Symbolic links are not followed.

    Otherwise root could be tricked into writing to, or giving away, another file.
    """
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, (flags & ~os.O_CREAT) | os.O_NOFOLLOW)
    chown_like(handle, Path(path).parent)
    return handle
