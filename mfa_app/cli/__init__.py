"""The command line: the same actions as on the pages, from a terminal."""

from importlib import import_module

from click import Command, Context, Group
from flask import Flask
from flask.cli import AppGroup


class Deferred(Group):
    """Commands that are imported when somebody asks for one: servers and `--version` never do."""

    def fill(self) -> None:
        """Import the commands and add them."""
        raise NotImplementedError

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a command, or None if there is none of this name."""
        self._load()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of all commands."""
        self._load()
        return super().list_commands(ctx)

    def _load(self) -> None:
        if not self.commands:
            self.fill()


class Commands(Deferred, AppGroup):
    """The commands of an application."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.name)
        self._app = app

    def fill(self) -> None:
        """Add the commands of the site, and those of Flask-Migrate."""
        import_module("mfa_app.cli.commands").add_to(self._app)


def init_app(app: Flask) -> None:
    """Let `flask --app wsgi` find the commands."""
    app.cli = Commands(app)
