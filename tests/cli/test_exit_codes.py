"""The exit codes of every command: 0 done, 1 refused with one sentence, 2 wrong usage."""

from collections.abc import Iterator
from pathlib import Path

import click

from mfa_app.cli.support.types import DAY, EMAIL, GROUP, REQUEST_NUMBER
from tests.support.terminal import Typist, refused
from tests.support.world import World

DONE, REFUSED, MISUSED = 0, 1, 2

OF_OTHERS = {"db", "run", "shell", "routes"}  # of Flask and Flask-Migrate

# Each kind of argument, filled in with what does not exist.
NOTHING = {EMAIL: "nobody@example.com", GROUP: "Nowhere", DAY: "2026-03-09", REQUEST_NUMBER: "123456"}

# What these need beside what click knows of, because it is one of two.
ONE_OF_TWO = {("users", "scope"): ("--everyone",), ("users", "deadline"): ("--end",)}

# These make what they name, or name in the trail what somebody else has made.
MAKE_WHAT_IS_NAMED = {("users", "add"), ("groups", "add"), ("backup",), ("restored",)}


def commands(world: World) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the words of each command, and the command."""
    waiting: list[tuple[tuple[str, ...], click.Command]] = [((), world.app.cli)]
    while waiting:
        words, command = waiting.pop()
        if not isinstance(command, click.Group):
            yield words, command
            continue
        context = click.Context(command)
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            assert member is not None
            if words or name not in OF_OTHERS:
                waiting.append(((*words, name), member))


def names_something(command: click.Command) -> bool:
    """Return whether a command is about something that may not exist."""
    return any(
        isinstance(param, click.Argument) and param.required and not isinstance(param.type, click.Choice)
        for param in command.params
    )


def words_for(command: click.Command, file: Path) -> list[str]:
    """Return words for all that a command needs, about what does not exist."""
    words: list[str] = []
    for param in command.params:
        if not param.required:
            continue
        if isinstance(param, click.Option):
            words.append(param.opts[0])
            if param.is_flag:
                continue
        words.append(_word_for(param.type, file))
    return words


def _word_for(kind: click.ParamType, file: Path) -> str:
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.Path):
        return str(file)
    if isinstance(kind, click.IntRange):
        return "1"
    return NOTHING.get(kind, "nothing")


def test_every_command_knows_help_and_wrong_usage(world: World, typed: Typist) -> None:
    seen = 0
    for words, command in commands(world):
        explained = typed(*words, "--help")
        assert (explained.exit_code, explained.stderr) == (DONE, ""), words
        assert explained.stdout.startswith("Usage: "), words
        wrong = [typed(*words, "--no-such-option")]
        if any(param.required for param in command.params):
            wrong.append(typed(*words))
        for misused in wrong:
            assert (misused.exit_code, misused.stdout) == (MISUSED, ""), words
            assert "Error: " in misused.stderr, words
        seen += 1
    assert seen >= 60


def test_every_command_about_something_is_refused_if_there_is_no_such_thing(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    file, seen = tmp_path / "empty", 0
    file.write_bytes(b"")
    for words, command in commands(world):
        if names_something(command) and words not in MAKE_WHAT_IS_NAMED:
            needed = *words_for(command, file), *ONE_OF_TWO.get(words, ())
            said = refused(typed(*words, *needed, stdin="Lovely rain on the roof 7"))
            assert said.endswith("."), words
            seen += 1
    assert seen >= 30
    assert world.events() == []
