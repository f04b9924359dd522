"""`second-gate demo`: fill a new installation with a made-up company, and print its logins."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
from flask_babel import gettext as _
from sqlalchemy import delete, select

from mfa_app.cli.demo.company import DOMAIN, DemoLogin, create_company
from mfa_app.cli.setup import RULER, make_ready
from mfa_app.cli.support.command import CommandError, command_transaction, current_actor
from mfa_app.cli.support.output import say, table
from mfa_app.core.common import clock
from mfa_app.core.mail import outbox
from mfa_app.core.operations import site_values
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, User
from mfa_app.settings import Settings
from mfa_app.site import site


@click.command("demo")
@command_transaction
def demo() -> None:
    """Fill a new installation with example groups and people. Print how to log in as them."""
    settings = site()[Settings]
    make_ready(settings)
    saved = settings.instance_path / "demo.txt"
    if db.session.scalar(select(User.id).limit(1)) is None:
        logins = create_company(current_actor(), now=clock.now())
        if site_values.current().smtp_url:  # the people are made up, so nobody reads their emails
            db.session.execute(delete(OutboxMail))
        _write(saved, "\n".join(_login_lines(logins)))
    elif not saved.exists() or lookup.find_by_email(f"ada@{DOMAIN}") is None:
        raise CommandError(_("This installation already has people. The demo needs a new, empty one."))
    say(
        *saved.read_text("utf-8").split("\n"),
        _(
            "Open %(url)s. Emails to these people are files in %(folder)s.",
            url=settings.public_url,
            folder=outbox.folder_of(settings),
        ),
        _("To start again, delete %(folder)s.", folder=settings.instance_path),
    )


def _login_lines(logins: list[DemoLogin]) -> Iterator[str]:
    yield RULER
    yield _("An example company. Use it only to try the site, never for real accounts.")
    yield RULER
    head = (_("LOG IN AS"), _("PASSWORD"), _("WHAT IT SHOWS"))
    yield from table(head, [(login.email, login.password, login.shows) for login in logins])
    yield ""
    yield _("For a code, add the setup key to an authentication app, or use oathtool:")
    codes = []
    for login in logins:
        if login.secret:
            key = " ".join(login.secret[start : start + 4] for start in range(0, len(login.secret), 4))
            codes += [(login.email, key), ("", f"oathtool --totp -b {login.secret}")]
    yield from table((_("LOG IN AS"), _("SETUP KEY, AND COMMAND FOR THE CODE")), codes)
    yield ""


def _write(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
