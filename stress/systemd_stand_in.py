#!/usr/bin/python3
"""systemctl, systemd-run and journalctl where systemd can't run: in the Debian root of `make guide`.

It reads the installed unit and starts its programs as the unit says: as its user, with its settings, umask
and folder, without new privileges, and with everything but its own folder read-only.
"""

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS, JOURNAL, PID = Path("/etc/systemd/system"), Path("/var/log/journal.txt"), Path("/run/second-gate.pid")
SANDBOX = """
mount --bind "$1" "$1"
mount -o remount,bind,ro /
mount --types tmpfs tmpfs /tmp
shift
exec "$@"
"""

Unit = dict[str, str]


def main() -> int:
    """Do what the program of this name was asked for; return its exit code."""
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    if name == "journalctl":
        print(JOURNAL.read_text("utf-8"), end="")
        return 0
    if name == "systemd-run":
        return _run_once(words)
    verb = next(word for word in words if not word.startswith("-"))
    return {"stop": _stop, "start": _start, "restart": _restart, "enable": _start}.get(verb, lambda: 0)()


def _run_once(words: list[str]) -> int:
    """Run one command with the properties that stand before it."""
    unit: Unit = {}
    while words and words[0].startswith("--"):
        name, _, value = words.pop(0).removeprefix("--").removeprefix("property=").partition("=")
        unit[{"uid": "User", "gid": "Group"}.get(name, name)] = value
    return subprocess.run(_as_user(unit, words), env=_settings(unit), cwd=_folder(unit)).returncode


def _restart() -> int:
    _stop()
    return _start()


def _start() -> int:
    unit = dict(
        line.split("=", 1)
        for line in (UNITS / "second-gate.service").read_text("utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    for name in ("ExecStartPre", "ExecStart"):
        command = _as_user(unit, unit[name].split(), writable=unit["ReadWritePaths"])
        with JOURNAL.open("a") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            started = subprocess.Popen(
                command, env=_settings(unit), cwd=_folder(unit), start_new_session=True, **streams
            )
        if name == "ExecStartPre" and started.wait():
            print("Job for second-gate.service failed.", file=sys.stderr)
            return 1
    PID.write_text(str(started.pid))
    time.sleep(1)
    return int(started.poll() is not None)


def _stop() -> int:
    if PID.exists():
        pid = int(PID.read_text())
        PID.unlink()
        os.kill(pid, signal.SIGTERM)
        while Path(f"/proc/{pid}").exists() and "(zombie)" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.1)
    return 0


def _as_user(unit: Unit, command: list[str], *, writable: str = "") -> list[str]:
    umask = ["sh", "-c", f'umask {unit["UMask"]}; exec "$@"', "sh"]
    user = ["setpriv", f"--reuid={unit['User']}", f"--regid={unit['Group']}", "--init-groups"]
    whole = [*umask, *user, "--no-new-privs", "--inh-caps=-all", *command]
    return ["unshare", "--mount", "sh", "-euc", SANDBOX, "sh", writable, *whole] if writable else whole


def _settings(unit: Unit) -> dict[str, str]:
    """Return the environment of a service: nothing of whoever starts it."""
    lines = Path(unit["EnvironmentFile"]).read_text("utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    home = pwd.getpwnam(unit["User"]).pw_dir
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": home, **settings}


def _folder(unit: Unit) -> str:
    return unit["WorkingDirectory"]


if __name__ == "__main__":
    sys.exit(main())
