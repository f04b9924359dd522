"""`flask version`: which release this is."""

import click
from flask import current_app
from flask.cli import with_appcontext


@click.command("version")
@with_appcontext
def version() -> None:
    """Print the version of Second Gate."""
    click.echo(f"Second Gate {current_app.config['VERSION']}")
