"""The README's terminal commands: as they are written, in their order, on a fresh installation."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import PROJECT_ROOT, load_settings
from mfa_app.wording.commands import PROGRAM
from tests.support.terminal import done
from tests.support.world import World

TYPED = f"{PROGRAM} "
# At the beginning of a line or of code in a sentence: elsewhere second-gate is a user or a service.
WORD = r"([a-z][a-z0-9-]*)"
NAMED = re.compile(rf"(?:^|`|>) *second-gate {WORD}(?: {WORD})?", re.MULTILINE)
# In the code: what becomes a sentence that tells somebody to type it.
TOLD = re.compile(rf'command_line\(f?"{WORD}(?: {WORD})?')


def commands() -> list[str]:
    """Return the lines of the first block under "From the terminal", without their comments."""
    section = (PROJECT_ROOT / "README.md").read_text("utf-8").partition("\n## From the terminal\n")[2]
    block = re.findall(r"^```sh[^\n]*\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[0]
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Flask]:
    """A site in the folder `instance` of another, in which someone has typed `make run`."""
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path / "instance")})
    app = create_app(settings)
    done(app.test_cli_runner().invoke(args=["prepare"]))
    yield app
    with app.app_context():
        db.engine.dispose()


def typed(lines: list[str], folder: Path) -> list[list[str]]:
    """Let a shell in this folder run all lines; return the words of each command, and what it reads."""
    program = f'{PROGRAM}() {{ printf "%s\\0" "$@" "$(cat)"; echo; }}'
    script = "\n".join([program, *lines])
    shell = ["bash", "-euc", script]
    ran = subprocess.run(shell, cwd=folder, stdin=subprocess.DEVNULL, check=True, stdout=subprocess.PIPE)
    return [line.split("\0")[:-1] for line in ran.stdout.decode().splitlines()]


def test_the_commands_run_in_their_order(installation: Flask, tmp_path: Path) -> None:
    activate, *lines = commands()
    assert activate == "source .venv/bin/activate"
    found = typed(lines, tmp_path)
    assert len(found) == sum(line.startswith(TYPED) for line in lines) >= 40
    for *words, given in found:
        full = [str(tmp_path / word) if word.startswith("instance/") else word for word in words]
        assert done(installation.test_cli_runner().invoke(args=full, input=given)), words


def texts() -> dict[str, str]:
    """Return what names commands: documents, files of the deployment, and the site's code and pages."""
    places = (("docs", "*.md"), ("docs/deploy", "*"), ("mfa_app", "*.py"), ("mfa_app/templates", "*.html"))
    found = {PROJECT_ROOT / "README.md"}
    for folder, names in places:
        found |= set((PROJECT_ROOT / folder).rglob(names))
    return {str(path.relative_to(PROJECT_ROOT)): path.read_text("utf-8") for path in sorted(found)}


def test_every_command_that_a_text_names_exists(world: World) -> None:
    commands, named = world.app.cli, 0
    context = click.Context(commands)
    for file, text in texts().items():
        for name, verb in (*NAMED.findall(text), *TOLD.findall(text)):
            group = commands.get_command(context, name)
            assert group is not None, f"{file}: {name} {verb}"
            assert not verb or not isinstance(group, click.Group) or verb in group.commands, f"{file}: {verb}"
            named += 1
    assert named >= 80


def test_no_text_names_another_program() -> None:
    """The decisions may: they say what was decided at their time."""
    now = {file: text for file, text in texts().items() if not file.startswith("docs/decisions/")}
    # Says that Flask's program finds the commands too.
    assert {file for file, text in now.items() if "flask --app wsgi" in text} == {"mfa_app/cli/__init__.py"}
    literal = re.compile(rf"(?<!`){PROGRAM} [a-z]")
    sentences = {
        file: text for file, text in now.items() if file.startswith(("mfa_app/cli/", "mfa_app/wording/"))
    }
    named = {file for file, text in sentences.items() if literal.search(text)}
    assert named == {"mfa_app/wording/commands.py"}
