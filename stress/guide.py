"""The commands of README and guide, as they are written, on a new Debian under three umasks: `make guide`.

It needs root, debootstrap, and apt and pip as this machine has them configured. Each umask gets its own
Debian. systemd can't run in it: `stress/systemd_stand_in.py` starts the same programs as the same user.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from stress import debian_root
from stress.guide_blocks import Block, blocks
from stress.guide_release import Releases
from stress.nginx import free_port

UMASKS = tuple(int(umask, 8) for umask in os.environ.get("UMASKS", "022 027 077").split())
REPOSITORY = "/srv/second-gate.git"
PROGRAMS = ("systemctl", "systemd-run", "journalctl")
# In place of the set-up link, which a person opens in a browser.
PIPED_PASSWORD = "head --bytes 24 /dev/urandom | base64"
FIRST_ADMINISTRATOR = (
    f"{PIPED_PASSWORD} | second-gate users add boss@example.com --role admin --password-stdin"
)
READY_WITHIN_SECONDS = 60
UNSHARED = "SECOND_GATE_GUIDE_UNSHARED"
# What must print nothing, once everything has run: what root runs, the service can neither own nor change.
CODE = "/opt/second-gate /usr/local/sbin"
SECRETS = "/var/lib/second-gate /backup /elsewhere /etc/second-gate.env"
AS_THE_SERVICE = "setpriv --reuid=second-gate --regid=second-gate --clear-groups"
NOTHING = {
    "code that doesn't belong to root": f"find {CODE} /etc/second-gate.env ! -user root",
    "code that others can change": f"find {CODE} -perm /022 ! -type l",
    "code that the service can't read": (
        f"cd /; {AS_THE_SERVICE} find {CODE} -name .git -prune -o ! -readable -print"
    ),
    "an instance that isn't the service's": "find /var/lib/second-gate ! -user second-gate",
    "secrets that others can read": f"find {SECRETS} -perm /077",
    "what systemd says about the unit": "systemd-analyze verify /etc/systemd/system/second-gate.service 2>&1",
}


def main() -> None:
    """Run all blocks under each umask, print what was run and what not, and exit with 1 if one fails."""
    debian_root.require_programs()
    if UNSHARED not in os.environ:  # so that no mount outlives this program
        again = ["unshare", "--mount", sys.executable, "-m", "stress.guide"]
        os.execvpe(again[0], again, {**os.environ, UNSHARED: "1"})  # noqa: S606 - its arguments are fixed
    with tempfile.TemporaryDirectory(prefix="second-gate-guide-") as name:
        base = Path(name, "debian")
        print("guide: making a Debian ...", flush=True)
        debian_root.make(base)
        passed = [_under(umask, base, Path(name, f"{umask:03o}")) for umask in UMASKS]
    for block in blocks():
        if block.not_run:
            print(f"  not run: {block.name}: {block.not_run}")
    sys.exit(not all(passed))


def _under(umask: int, base: Path, root: Path) -> bool:
    """Run everything under a umask; return True if it passed."""
    print(f"umask {umask:03o}:", flush=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", str(base), str(root)], check=True)
    stand_in = root / "usr/local/sbin" / PROGRAMS[0]
    shutil.copy(Path(__file__).with_name("systemd_stand_in.py"), stand_in)
    stand_in.chmod(0o755)
    for name in PROGRAMS[1:]:
        stand_in.with_name(name).symlink_to(stand_in.name)
    port, releases = free_port(), Releases(root / REPOSITORY.removeprefix("/"))
    with debian_root.mounted(root), _stopped_at_the_end(root):
        for block in blocks():
            if not block.not_run and not _runs(block, root, umask, port, releases):
                return False
        return all([_finds_nothing(root, what, command) for what, command in NOTHING.items()])


@contextmanager
def _stopped_at_the_end(root: Path) -> Iterator[None]:
    try:
        yield
    finally:
        debian_root.run(root, "systemctl stop second-gate", umask=0o022)


def _runs(block: Block, root: Path, umask: int, port: int, releases: Releases) -> bool:
    """Run a block, and see that the site answers if it should; print what came of it."""
    if "git pull" in block.text:
        releases.publish()
    if "second-gate doctor" in block.text:
        debian_root.run(root, FIRST_ADMINISTRATOR, umask=umask)
    started, ran = time.monotonic(), debian_root.run(root, _filled_in(block.text, port), umask=umask)
    wrong = "" if ran.returncode == 0 else f"exit code {ran.returncode}\n{ran.stdout[-3000:]}"
    if not wrong and (root / "run/second-gate.pid").exists():
        wrong = _not_ready(port, root)
    took = time.monotonic() - started
    print(f"  {block.name}: {f'WRONG: {wrong}' if wrong else f'{took:.0f} s'}", flush=True)
    return not wrong


def _filled_in(text: str, port: int) -> str:
    """Return the commands as a reader fills them in: with a repository, a free port and no mail server."""
    lines = text.replace("<this repository>", REPOSITORY).splitlines()
    return "\n".join(f"PORT={port}" if line.startswith("MFA_SMTP_URL=") else line for line in lines)


def _not_ready(port: int, root: Path) -> str:
    """Return "" once the site says that it is ready, else what is wrong."""
    deadline, problem = time.monotonic() + READY_WITHIN_SECONDS, ""
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
                return "" if answer.status == 200 else f"/readyz answers {answer.status}"
        except (URLError, OSError) as error:
            problem = str(error)
            time.sleep(0.5)
    log = (root / "var/log/journal.txt").read_text("utf-8")
    return f"the site is not ready: {problem}\n{log[-3000:]}"


def _finds_nothing(root: Path, what: str, command: str) -> bool:
    ran = debian_root.run(root, command, umask=0o022)
    found = ran.stdout.strip()
    print(f"  {what}: {found[:1000] or 'none'}", flush=True)
    return not found and ran.returncode == 0


if __name__ == "__main__":
    main()
