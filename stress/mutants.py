"""Each protection removed once, and the test that must then fail: `make mutants`, before each release.

`mutants.toml` lists the protections. The edits are made in copies of the checkout, never in itself.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO

CHECKOUT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("mutants.toml")

ONLY = os.environ.get("ONLY", "").split()  # numbers of rows, such as 16.4.2
JOBS = int(os.environ.get("JOBS") or os.cpu_count() or 1)

TEST_SECONDS = 240  # a test that takes longer has proved nothing

LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", "instance", "__pycache__", ".*_cache", "node_modules", "screenshots"
)

PASSED = 0  # an exit code of pytest

KILLED = "killed"


@dataclass(frozen=True)
class Mutant:
    """An edit that removes a protection, and the test that must notice.

    `rows` are rows of docs/security.md: numbers of ASVS, whose rows name the test, and attackers by the words
    in bold. `old` occurs exactly once in `file`.
    """

    rows: tuple[str, ...]
    what: str
    file: str
    old: str
    new: str
    test: str

    def edited(self, text: str) -> str:
        """Return the file's text without the protection. Raises ValueError if `old` is not there once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times {self.old!r}")
        return text.replace(self.old, self.new)


def mutants() -> list[Mutant]:
    """Return the mutants of the list, in its order."""
    entries = tomllib.loads(LIST.read_text("utf-8"))["mutant"]
    return [Mutant(**{**entry, "rows": tuple(entry["rows"])}) for entry in entries]


def main() -> None:
    """Check that the tests pass, then remove each protection; exit with 1 if one is not missed."""
    chosen = [mutant for mutant in mutants() if not ONLY or set(ONLY) & set(mutant.rows)]
    if not chosen:
        sys.exit(f"No mutant is for {', '.join(ONLY)}.")
    with tempfile.TemporaryDirectory(prefix="second-gate-mutants-") as name:
        copies = [copy_to(Path(name) / str(number)) for number in range(JOBS)]
        tests = sorted({mutant.test for mutant in chosen})
        print(f"mutants: {len(chosen)}, noticed by {len(tests)} tests, which must pass first", flush=True)
        if run(copies[0], *tests, "-n", str(JOBS), "--dist", "loadgroup", seconds=None) != PASSED:
            sys.exit("  These tests fail, or are not there, without any edit.")
        free: SimpleQueue[Path] = SimpleQueue()
        for copy in copies:
            free.put(copy)
        with ThreadPoolExecutor(JOBS) as pool:
            verdicts = list(pool.map(lambda mutant: killed(mutant, free), chosen))
    print(f"{sum(verdicts)} of {len(chosen)} killed")
    sys.exit(not all(verdicts))


def copy_to(folder: Path) -> Path:
    """Copy the checkout into a new folder, which shares its libraries; return the folder."""
    shutil.copytree(CHECKOUT, folder, ignore=LEFT_OUT)
    (folder / ".venv").symlink_to((CHECKOUT / ".venv").resolve())
    return folder


def killed(mutant: Mutant, free: "SimpleQueue[Path]") -> bool:
    """Make the edit in a free copy, run the test, and take the edit back; return True if the test failed."""
    copy, began = free.get(), time.monotonic()
    file = copy / mutant.file
    before = file.read_text("utf-8")
    try:
        write(file, mutant.edited(before))
        verdict = verdict_of(copy, mutant.test)
    except ValueError as mismatch:
        verdict = f"WRONG, {mismatch}"
    finally:
        write(file, before)
        free.put(copy)
    print(
        f"  {', '.join(mutant.rows):<14} {mutant.what}: {verdict} ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    return verdict == KILLED


def verdict_of(copy: Path, test: str) -> str:
    """Run a test that should fail; return what became of the mutant."""
    with tempfile.TemporaryFile("w+") as output:
        code = run(copy, test, "-n", "0", "-x", output=output, seconds=TEST_SECONDS)
        output.seek(0)
        failed = re.search(r"^\d+ failed", output.read(), re.M)
    if code is None:
        return "WRONG, the test did not end"
    if code == PASSED:
        return "SURVIVED"
    return KILLED if failed else "WRONG, the test could not begin"


def write(file: Path, text: str) -> None:
    """Write a file, and delete the bytecode that Python could take for its own."""
    file.write_text(text, "utf-8")
    for stale in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        stale.unlink()


def run(copy: Path, *arguments: str, seconds: float | None, output: IO[str] | None = None) -> int | None:
    """Run pytest in a copy; return its exit code, or None if it took longer than `seconds`."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    with subprocess.Popen(command, cwd=copy, stdout=output, stderr=output, start_new_session=True) as pytest:
        try:
            return pytest.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(pytest.pid, signal.SIGKILL)
            return None


if __name__ == "__main__":
    main()
