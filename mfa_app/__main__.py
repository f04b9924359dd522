"""The command line as a program of its own: `second-gate`, or `python -m mfa_app`."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click
from flask import Flask
from flask.cli import ScriptInfo

from mfa_app import __version__
from mfa_app.cli import Deferred
from mfa_app.wording.commands import PROGRAM


class Program(Deferred):
    """The commands of the site, without those of Flask."""

    def fill(self) -> None:
        """Add the commands of the site."""
        for command in import_module("mfa_app.cli.commands").COMMANDS:
            self.add_command(command)


program = Program(
    PROGRAM,
    help="Second Gate, a login site with 2-factor authentication: the same actions as on its pages.",
    epilog=f"“{PROGRAM} COMMAND --help” explains a command. It reads the same settings as the site.",
)
click.version_option(__version__, message="Second Gate %(version)s")(program)


def application(_info: ScriptInfo | None = None) -> Flask:
    """Make the site for a command, or end the program with a sentence about a wrong setting."""
    from mfa_app import create_app  # imports the whole site, which `--version` does without
    from mfa_app.settings import SettingError

    try:
        return create_app()
    except SettingError as error:
        sys.exit(str(error))


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run a command, by default the one in this process's arguments, and end with its exit code."""
    program.main(args=words, prog_name=PROGRAM, obj=ScriptInfo(create_app=application))


if __name__ == "__main__":
    main()
