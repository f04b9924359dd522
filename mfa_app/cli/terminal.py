"""What all commands share: who types, when it is saved, and the one sentence that a refusal becomes."""

import contextlib
import functools
import os
import pwd
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import click
from flask import current_app, url_for
from flask.cli import with_appcontext
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.cli import database
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import Refusal
from mfa_app.core.groups import groups
from mfa_app.core.keys.vault import CannotUnseal
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import Group, User
from mfa_app.settings import SettingError
from mfa_app.wording.health import keys_do_not_fit
from mfa_app.wording.refusals import sentence

MAX_PASSWORD_BYTES = 4096


class Stop(click.ClickException):
    """The command ends here: its sentence goes to stderr, the exit code is 1, and nothing is saved."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, file=file, err=file is None)


class Line(click.ParamType):
    """One line of readable text of limited length, as the columns of the database take it."""

    name = "text"

    def __init__(self, most: int, least: int = 1) -> None:
        self.most, self.least = most, least

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text without space around it; bytes that are no text are refused."""
        value = value.strip()
        if not value.isprintable():
            self.fail("it is not one line of readable text.", param, ctx)
        if not self.least <= len(value) <= self.most:
            self.fail(f"it must have {self.least} to {self.most} characters.", param, ctx)
        return value


EMAIL, NAME, GROUP, REASON = Line(320), Line(300), Line(200), Line(1000)


def saves(command: Callable[..., Iterable[str]]) -> Callable[..., None]:
    """Run a command, commit once, print the lines that it gave, and let the mails leave; or print why not."""

    @with_appcontext
    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        sys.stdout.reconfigure(errors="replace")
        try:
            lines = list(command(*arguments, **options))
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            raise _stop_for(error) from None
        for line in lines:
            click.echo(line)
        with contextlib.suppress(SQLAlchemyError):  # what was asked for is saved; the site sends them later
            current_app.extensions["mailer"].deliver_due()

    return run


def _stop_for(error: Exception) -> Exception:
    if isinstance(error, Refusal):
        return Stop(sentence(error))
    if isinstance(error, SQLAlchemyError):
        return Stop(database.sentence_about(error))
    if isinstance(error, SettingError):
        return Stop(str(error))
    if isinstance(error, database.NewerDatabase):
        return Stop(database.newer_sentence())
    if isinstance(error, CannotUnseal):
        return Stop(str(keys_do_not_fit(current_app.config["SETTINGS"])))
    return error


def actor() -> Actor:
    """Return who types: the user of the operating system."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Actor("terminal", name)


def person_named(email: str) -> User:
    """Return the person with this address, in any spelling; else stop."""
    user = lookup.find_by_email(email)
    if user is None:
        raise Stop(_("There is no account with the address %(email)s.", email=email))
    return user


def group_named(name: str) -> Group:
    """Return the group of this name, in any spelling; else stop."""
    group = groups.find(name)
    if group is None:
        raise Stop(_("There is no group named %(name)s. “groups list” shows them all.", name=name))
    return group


def password_from_stdin() -> str:
    """Return the password that was piped in, less one newline; somebody who types it does not see it."""
    if sys.stdin.isatty():
        return click.prompt(_("Password"), hide_input=True, err=True)
    raw = sys.stdin.buffer.read(MAX_PASSWORD_BYTES)
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Stop(_("The password on the standard input is not UTF-8 text.")) from None


def link_to(token: str) -> str:
    """Return the address of a single-use link, as its owner opens it."""
    with current_app.test_request_context("/", base_url=current_app.config["SETTINGS"].public_url):
        return url_for("auth.follow_link", token=token, _external=True)


def moment(value: datetime | None) -> str:
    """Return a moment as the lists show it."""
    return format_datetime(value, "yyyy-MM-dd HH:mm") if value else "-"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Return lines with the columns one under the other, each as wide as its widest entry."""
    lines = [head, *(tuple(map(readable, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        yield "  ".join(entry.ljust(width) for entry, width in zip(line, widths, strict=True)).rstrip()


def readable(text: str) -> str:
    """Return the text on one line; what would break it, or command the terminal, is spelt: \\n, \\x1b."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def name_from(email: str) -> str:
    """Return a name made of an address: anna.de-vries@firma.local is called Anna De Vries."""
    local = email.partition("@")[0].partition("+")[0]
    words = "".join(character if character.isalnum() else " " for character in local).split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or email_addresses.fold(email)
