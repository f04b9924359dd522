"""`second-gate version`: which release this is."""

import click
from flask import current_app
from flask.cli import with_appcontext

from mfa_app.cli.support.output import print_line


@click.command("version")
@with_appcontext
def version() -> None:
    """Print the version of Second Gate."""
    print_line(f"Second Gate {current_app.config['VERSION']}")
