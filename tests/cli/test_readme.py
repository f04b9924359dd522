"""The README's terminal commands: as they are written, in their order, on a fresh installation."""

import re
import subprocess
from pathlib import Path

import click
import pytest

from mfa_app.settings import PROJECT_ROOT
from tests.support.terminal import Shell
from tests.support.world import World

PROGRAM = "flask --app wsgi "
# At the beginning of a line or of code in a sentence: elsewhere second-gate is a user or a service.
WORD = r"([a-z][a-z0-9-]*)"
NAMED = re.compile(rf"(?:^|`) *(?:flask --app wsgi|second-gate) {WORD}(?: {WORD})?", re.MULTILINE)


def commands() -> list[str]:
    """Return the lines of the first block under "From the terminal", without their comments."""
    section = (PROJECT_ROOT / "README.md").read_text("utf-8").partition("\n## From the terminal\n")[2]
    block = re.findall(r"^```sh[^\n]*\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[0]
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


@pytest.fixture
def folder(shell: Shell) -> Path:
    """The folder in which someone has typed `make run`, whose instance is that of the shell."""
    assert shell.flask("prepare")[0] == 0
    return shell.folder.parent


def words_of(line: str, folder: Path) -> list[str]:
    """Return the words of a command as a shell in this folder understands them."""
    split = subprocess.run(
        ["bash", "-euc", f'printf "%s\\0" {line}'], cwd=folder, check=True, capture_output=True, text=True
    )
    return split.stdout.rstrip("\0").split("\0")


def test_the_commands_run_in_their_order(shell: Shell, folder: Path) -> None:
    activate, *lines = commands()
    assert activate == "source .venv/bin/activate"
    typed = [line for line in lines if line.startswith(PROGRAM)]
    assert len(typed) >= 15
    for line in lines:
        if line not in typed:
            subprocess.run(["bash", "-euc", line], cwd=folder, check=True)
            continue
        words, _, file = line.removeprefix(PROGRAM).partition(" < ")
        given = (folder / file).read_text("utf-8") if file else ""
        code, output, errors = shell.flask(*_full_paths(words_of(words, folder), folder), stdin=given)
        assert (code, errors) == (0, ""), line
        assert output, line


def _full_paths(words: list[str], folder: Path) -> list[str]:
    """Return the words with full paths, because the shell of the tests runs in another folder."""
    return [str(folder / word) if word.startswith("instance/") else word for word in words]


def test_every_command_that_a_document_names_exists(world: World) -> None:
    commands = world.app.cli
    context = click.Context(commands)
    for path in (PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").rglob("*.md"))):
        for name, verb in NAMED.findall(path.read_text("utf-8")):
            group = commands.get_command(context, name)
            assert group is not None, f"{path.name}: {name} {verb}"
            assert not isinstance(group, click.Group) or verb in group.commands, f"{path.name}: {name} {verb}"
