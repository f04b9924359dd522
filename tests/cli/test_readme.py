"""The README's terminal commands: as they are written, in their order, on a fresh installation."""

import re
import subprocess
from pathlib import Path

import click
import pytest

from mfa_app.settings import PROJECT_ROOT
from mfa_app.wording.commands import PROGRAM
from tests.support.terminal import Shell
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
def folder(shell: Shell) -> Path:
    """The folder in which someone has typed `make run`, whose instance is that of the shell."""
    assert shell.second_gate("prepare")[0] == 0
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
    typed = [line for line in lines if line.startswith(TYPED)]
    assert len(typed) >= 40
    for line in lines:
        if line not in typed:
            subprocess.run(["bash", "-euc", line], cwd=folder, check=True)
            continue
        words, _, file = line.removeprefix(TYPED).partition(" < ")
        given = (folder / file).read_text("utf-8") if file else ""
        code, output, errors = shell.second_gate(*_full_paths(words_of(words, folder), folder), stdin=given)
        assert (code, errors) == (0, ""), line
        assert output, line


def _full_paths(words: list[str], folder: Path) -> list[str]:
    """Return the words with full paths, because the shell of the tests runs in another folder."""
    return [str(folder / word) if word.startswith("instance/") else word for word in words]


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
