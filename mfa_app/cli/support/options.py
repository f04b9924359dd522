"""Options that several commands have: `--preview`, and those that belong together, as one decorator."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

preview_option = click.option(
    "--preview", is_flag=True, help="Only say what this would do, and change nothing."
)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command these options, which its help lists in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
