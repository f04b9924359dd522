"""How the site creates files: private, owned by the site's user, and whole or not there."""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

# What a file system answers that knows no such thing, such as exFAT or a share of Windows.
NOT_SUPPORTED = frozenset(
    {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV}
)


def chown_like(made: int | Path, place: Path) -> None:
    """When running as root, give a new file the owner of `place` if that exists, else of its folder.

    The site runs as its own user, who couldn't open files left behind by root's commands. `made` is a file
    descriptor, or a path that is not a link.
    """
    if os.geteuid() != 0:
        return
    owner = (place if place.exists() else place.parent).stat()
    present = made.lstat() if isinstance(made, Path) else os.fstat(made)
    if (owner.st_uid, owner.st_gid) == (present.st_uid, present.st_gid):
        return  # on file systems without owners this is always so, and nothing may be changed
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


def publish(finished: Path, name: Path) -> None:
    """Give a finished file its name in the same folder, or a second name where that is possible.

    The file is whole under its name or not there. Raises FileExistsError if the name is taken, and OSError.
    """
    try:
        os.link(finished, name)  # unlike a rename, never overwrites a file created meanwhile
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        with _locked(name.parent):
            if os.path.lexists(name):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name)) from None
            _or_copy(os.rename, finished, name)


def keep_as(file: Path, name: Path) -> None:
    """Give a file a second name, or copy it where a file has only one. Raises FileExistsError and OSError."""
    _or_copy(os.link, file, name)


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that its new names survive a power cut, where the file system can do that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
    finally:
        os.close(handle)


def _or_copy(operation: Callable[[Path, Path], None], file: Path, name: Path) -> None:
    """Link or rename a file, or copy it where the file system can't do that."""
    try:
        operation(file, name)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        _copy_to_new(file, name)


def _copy_to_new(source: Path, name: Path) -> None:
    """Copy to a file that is not there yet; if that fails, nothing is left."""
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
    except BaseException:
        name.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let the processes of this site give names one after the other, as far as the file system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
