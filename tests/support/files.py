"""The files of a folder: read, and put back as they were."""

import os
from pathlib import Path

Files = dict[str, tuple[bytes, int]]


def read_files(folder: Path) -> Files:
    """Return what is in each file of a folder, and when it was written; nothing if there is no folder."""
    if not folder.is_dir():
        return {}
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def put_files_back(folder: Path, kept: Files, present: Files) -> None:
    """Let a folder hold these files and no others; `present` is what it holds until then."""
    for name in present.keys() - kept.keys():
        (folder / name).unlink()
    for name, (content, written) in kept.items():
        if present.get(name) != (content, written):
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
            os.utime(folder / name, ns=(written, written))
