"""Small disks for the tests, to be filled or to be made read-only."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


class Disk:
    """A disk in memory, mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Take all space that is left."""
        with self._filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def make_room(self) -> None:
        """Give back what `fill` has taken."""
        self._filler.unlink()


class Window:
    """A second way to the files of a disk, through which nobody may write for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remount(self, mode: str) -> None:
        """Let the files be read alone through it ("ro"), or written again ("rw")."""
        subprocess.run(["mount", "-o", f"remount,bind,{mode}", str(self.folder)], check=True)


@contextlib.contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Disk]:
    """Mount a disk of so many MiB at a new folder. The test is skipped where we may not mount."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0755", "tmpfs", str(folder)]
    if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("only root can mount a disk")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def window(disk: Disk, folder: Path) -> Iterator[Window]:
    """Mount the disk at another new folder too."""
    folder.mkdir()
    subprocess.run(["mount", "--bind", str(disk.folder), str(folder)], check=True)
    try:
        yield Window(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
