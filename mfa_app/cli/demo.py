"""`flask demo`: fill a fresh installation with a made-up company, and print who can log in to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, select

from mfa_app.cli.company import DOMAIN, Resident, found_company
from mfa_app.cli.setup import RULER, make_ready
from mfa_app.cli.terminal import Stop, actor, saves, table
from mfa_app.core.common import clock
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, User
from mfa_app.settings import Settings


@click.command("demo")
@saves
def demo() -> Iterator[str]:
    """Fill a fresh installation with groups and people to look around with, and print their sign-ins."""
    settings: Settings = current_app.config["SETTINGS"]
    make_ready(settings)
    written = settings.instance_path / "demo.txt"
    if db.session.scalar(select(User.id).limit(1)) is None:
        residents = found_company(actor(), now=clock.now())
        if settings.smtp_url:  # nobody at the made-up company reads mail
            db.session.execute(delete(OutboxMail))
        _write(written, "\n".join(_sign_ins(residents)))
    elif not written.exists() or lookup.find_by_email(f"ada@{DOMAIN}") is None:
        raise Stop(
            _("There are people here already, so this stays as it is: the demo fills a fresh instance only.")
        )
    yield written.read_text("utf-8")
    yield _("Open %(url)s. Mails to these people are files in %(folder)s.", **_places(settings))
    yield _("To begin anew, delete %(folder)s.", folder=settings.instance_path)


def _places(settings: Settings) -> dict[str, object]:
    return {"url": settings.public_url, "folder": settings.instance_path / "outbox"}


def _sign_ins(residents: list[Resident]) -> Iterator[str]:
    yield RULER
    yield _("A made-up company to look around in. Everything here is for trying out only.")
    yield RULER
    head = (_("LOG IN AS"), _("PASSWORD"), _("WHAT IT SHOWS"))
    yield from table(head, [(one.email, one.password, one.shows) for one in residents])
    yield ""
    yield _(
        "For the code: add the secret to an authentication app, or let oathtool compute what it shows now."
    )
    codes = []
    for one in residents:
        if one.secret:
            groups = (one.secret[start : start + 4] for start in range(0, len(one.secret), 4))
            codes += [(one.email, " ".join(groups)), ("", f"oathtool --totp -b {one.secret}")]
    yield from table((_("LOG IN AS"), _("SECRET, AND CODE")), codes)
    yield ""


def _write(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
