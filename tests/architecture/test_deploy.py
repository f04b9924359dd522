"""The files for a server fit each other: commands are typed as the service runs."""

import os
import subprocess
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"


def settings_of_the_unit() -> dict[str, str]:
    lines = (DEPLOY / "second-gate.service").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def typed(tmp_path: Path, *words: str) -> list[str]:
    """Return what the script has systemd run."""
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run([DEPLOY / "second-gate", *words], env=path, check=True, capture_output=True)
    return ran.stdout.decode().splitlines()


def test_a_command_runs_as_the_service_does(tmp_path: Path) -> None:
    unit, words = settings_of_the_unit(), typed(tmp_path, "users", "show", "anna berg@firma.local")
    assert f"--uid={unit['User']}" in words and f"--gid={unit['Group']}" in words
    for name in ("EnvironmentFile", "WorkingDirectory", "UMask"):
        assert f"--property={name}={unit[name]}" in words
    program = unit["ExecStartPre"].removesuffix(" prepare").split()
    assert words[-6:] == [*program, "users", "show", "anna berg@firma.local"]
