"""Where the tests keep their files: in memory, since no test looks at them after a power cut.

A disk is slow to make and remove thousands of small files, and all tests would wait for it in turn.
"""

import os
import tempfile
from pathlib import Path

ENOUGH_BYTES = 4 * 2**30  # a run takes about half a gigabyte; a small machine needs its memory for programs


def keep_files_in_memory(disk: Path = Path("/dev/shm")) -> None:  # noqa: S108 - the system's disk in memory
    """Let temporary files of this process and of its programs lie there, unless TMPDIR says where."""
    if "TMPDIR" not in os.environ and _has_room(disk):
        os.environ["TMPDIR"] = str(disk)
        tempfile.tempdir = None  # it may have been asked before


def _has_room(disk: Path) -> bool:
    """Return True if files may be written there, there is enough memory for them, and programs run there."""
    if not os.access(disk, os.W_OK):
        return False
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize >= ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC
