"""The application of a site that a program of this folder fills or measures."""

import os

import click
from flask import Flask

from mfa_app import create_app
from mfa_app.settings import SettingError, load_settings


def app_of(instance: str | None, database: str | None) -> Flask:
    """Return the application for this instance folder or PostgreSQL address, beside the environment.

    Raises ClickException if its settings are wrong.
    """
    chosen = {"MFA_INSTANCE_PATH": instance, "MFA_DATABASE_URL": database}
    environ = {**os.environ, **{name: value for name, value in chosen.items() if value}}
    try:
        return create_app(load_settings(environ), MAIL_IN_BACKGROUND=False)
    except SettingError as error:
        raise click.ClickException(str(error)) from None
