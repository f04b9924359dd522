"""The files that a site makes beside its database: read, and put back as they were."""

import os
from pathlib import Path

Files = dict[str, tuple[bytes, int, int, int]]
# What the installation brings, or a server that runs writes.
NOT_OF_A_STORY = ("second-gate.sqlite3", "keys", "gunicorn")


def read_files(folder: Path) -> Files:
    """Return what is in each file in a folder and below, when it was written, and who may read it.

    The last number says who may open the folder in which it lies.
    """
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith(NOT_OF_A_STORY):
            status = path.stat()
            modes = status.st_mode, path.parent.stat().st_mode
            found[str(path.relative_to(folder))] = path.read_bytes(), status.st_mtime_ns, *modes
    return found


def put_files_back(folder: Path, kept: Files, present: Files) -> None:
    """Let a folder hold these files and no others; `present` is what it holds until then."""
    for name in present.keys() - kept.keys():
        (folder / name).unlink(missing_ok=True)
    for name, (content, written, mode, of_folder) in kept.items():
        if present.get(name) != kept[name]:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(of_folder)
            path.write_bytes(content)
            path.chmod(mode)
            os.utime(path, ns=(written, written))
