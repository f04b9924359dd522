"""The help, the version and the printing: of Second Gate and not of Flask, and one line for each command."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mfa_app import __version__, cli
from mfa_app.settings import PROJECT_ROOT
from mfa_app.wording.commands import PROGRAM
from tests.support.terminal import Shell, Typist, done


@pytest.mark.parametrize(
    "group",
    ["", *("audit", "blocked", "groups", "jobs", "keys", "mails", "policy", "requests", "rollout", "users")],
)
def test_every_command_has_one_line_that_fits(typed: Typist, group: str) -> None:
    _usage, _heading, commands = done(typed(*group.split(), "--help")).partition("\nCommands:\n")
    lines = commands.splitlines()
    assert len(lines) >= 2
    assert all(len(line.split()) > 3 and line.endswith(".") for line in lines)
    assert "..." not in commands  # click cuts off what is too long
    assert max(map(len, lines)) < 78


def test_the_program_is_about_this_site_alone(shell: Shell) -> None:
    code, output, errors = shell.run("mfa_app", "--help")
    assert (code, errors) == (0, "")
    assert output.startswith("Usage: second-gate [OPTIONS] COMMAND")
    _before, _heading, commands = output.partition("\nCommands:\n")
    listed = {line.split()[0] for line in commands.partition("\n\n")[0].splitlines()}
    assert {"users", "doctor", "backup", "prepare"} <= listed
    assert not {"run", "shell", "routes", "db"} & listed
    assert shell.run("mfa_app", "--version") == (0, f"Second Gate {__version__}\n", "")
    assert not shell.folder.exists()  # help and version make nothing


def test_the_program_names_itself(shell: Shell) -> None:
    needed = "The database is not ready for this version. Please run: second-gate prepare\n"
    assert shell.run("mfa_app", "users", "list") == (1, "", needed)
    assert shell.run("mfa_app", "users", "list", MFA_PORT="1") == (
        1,
        "",
        "MFA_PORT is not a setting. Did you mean PORT?\n",
    )
    code, output, errors = shell.run("mfa_app", "prepare")
    assert (code, errors) == (0, "")
    assert "get a new one: second-gate setup-link" in output


def test_the_entry_point_is_the_program() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {PROGRAM: "mfa_app.__main__:main"}
    with pytest.raises(SystemExit) as ended:
        EntryPoint(PROGRAM, project["scripts"][PROGRAM], "console_scripts").load()(["--version"])
    assert ended.value.code == 0


def test_flasks_own_program_has_the_commands_too(shell: Shell) -> None:
    code, output, errors = shell.flask("users", "--help")
    assert (code, errors) == (0, "")
    assert "flask users [OPTIONS] COMMAND" in output


def test_only_one_place_prints_and_escapes_what_could_move_the_cursor() -> None:
    folder = Path(cli.__file__).parent
    printing = {path for path in folder.rglob("*.py") if "click.echo" in path.read_text("utf-8")}
    assert printing == {folder / "support" / "output.py"}
