"""The command line: the same verbs as the pages, from a terminal."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands to `flask --app wsgi`."""
