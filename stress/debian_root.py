"""A Debian of its own in a folder, made by debootstrap with this machine's configuration of apt and pip."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the guide's machine has besides the blocks: certificates for the downloads, and systemd's programs.
INCLUDED = "ca-certificates,git,procps,python3-venv,systemd"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PASSED_ON = re.compile(r"(?:PIP|SSL|REQUESTS)_\w+|(?:https?|no)_proxy|(?:HTTPS?|NO)_PROXY")


def require_programs() -> None:
    """End the program with one sentence unless it runs as root on a Debian that has debootstrap."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        sys.exit("The guide is for root on Debian, and so is this test of it.")
    if shutil.which("debootstrap") is None:
        sys.exit("debootstrap is missing. Please run: apt install debootstrap")


def make(folder: Path) -> None:
    """Make a minimal Debian of this machine's release in an empty folder, from its own mirror."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", release, str(folder)]
    _run([*command, _mirror(release)], folder.parent / "debootstrap.log")
    apt = subprocess.run(["apt-config", "dump", "Acquire"], check=True, capture_output=True, text=True)
    (folder / "etc/apt/apt.conf.d/99this-machine").write_text(apt.stdout)
    for path in (*_configuration_of_pip(), CERTIFICATES):
        if path.exists():
            target = folder / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if path.is_dir() else shutil.copy)(path, target)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Give a root the kernel's folders and the files that pip is configured to use, read-only."""
    places = [("--rbind", "/dev"), ("--rbind", "/sys"), *(("--bind", str(path)) for path in _used_by_pip())]
    _run(["mount", "--bind", str(folder), str(folder)])
    _run(["mount", "--types", "proc", "proc", str(folder / "proc")])
    for how, path in places:
        target = folder / path.removeprefix("/")
        target.mkdir(parents=True, exist_ok=True)
        _run(["mount", how, path, str(target)])
    _run(["mount", "--types", "tmpfs", "tmpfs", str(folder / "tmp")])
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", folder / "etc" / name)
    try:
        yield
    finally:
        _run(["umount", "--recursive", str(folder)])


def run(folder: Path, script: str, *, umask: int) -> subprocess.CompletedProcess[str]:
    """Let root run a script for bash in the Debian of a folder, from its own home, under a umask."""
    shell = ["bash", "-euo", "pipefail", "-c", f"umask {umask:03o}; cd /root\n{script}"]
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    environment |= {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(["chroot", str(folder), *shell], env=environment, check=False, text=True, **streams)


def _mirror(release: str) -> str:
    """Return where this machine's apt gets the release from."""
    form = "$(REPO_URI) $(CODENAME) $(ORIGIN)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    targets = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(rf"^(\S+) {release} Debian$", targets, re.MULTILINE)
    if found is None:
        sys.exit(f"apt on this machine has no source of {release}.")
    return found[1]


def _configuration_of_pip() -> list[Path]:
    return [Path("/etc/pip.conf"), Path("/etc/xdg/pip"), Path.home() / ".config/pip"]


def _used_by_pip() -> set[str]:
    """Return the folders of this machine that pip's configuration names, such as one of wheels."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    )
    named = re.findall(r"(?<![:/\w])(?:file://)?(/[\w./+-]+)", listed.stdout)
    folders = {path for path in named if Path(path).is_dir()}
    return {"/".join(path.split("/")[:3]) for path in folders}


def _run(command: list[str], log: Path | None = None) -> None:
    """Run a program; end this one with its output if it fails."""
    ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if log:
        log.write_text(ran.stdout)
    if ran.returncode:
        sys.exit(f"{' '.join(command)}\n{ran.stdout[-3000:]}")
