"""The command line: the same actions as on the pages, from a terminal."""

from importlib import import_module

from click import Command, Context
from flask import Flask
from flask.cli import AppGroup


class Commands(AppGroup):
    """The commands of an application, imported when somebody asks for one: a server never does."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.name)
        self._app = app

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
            import_module("mfa_app.cli.commands").add_to(self._app)


def init_app(app: Flask) -> None:
    """Let `flask --app wsgi` find the commands."""
    app.cli = Commands(app)
