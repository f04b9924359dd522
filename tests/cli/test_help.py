"""`flask --help`: every command has one line that says what it does."""

import pytest

from tests.support.terminal import Typist, done


@pytest.mark.parametrize("group", ["", "audit", "groups", "jobs", "keys", "policy", "users"])
def test_every_command_has_one_line_that_fits(typed: Typist, group: str) -> None:
    _usage, _heading, commands = done(typed(*group.split(), "--help")).partition("\nCommands:\n")
    lines = commands.splitlines()
    assert len(lines) >= 2
    assert all(len(line.split()) > 3 and line.endswith(".") for line in lines)
    assert "..." not in commands  # click cuts off what is too long
    assert max(map(len, lines)) < 78
