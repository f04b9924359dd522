"""What commands print: lines that wait for the commit, tables, times and one-time links."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import click
from flask import current_app, url_for
from flask_babel import ngettext

from mfa_app.core.common.text import escape
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.models import User
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.wording import dates

_PENDING = f"{__name__}.pending"


def say(*lines: str) -> None:
    """Print these lines once the command has committed; if it fails, they are never printed."""
    click.get_current_context().meta.setdefault(_PENDING, []).extend(lines)


def print_pending() -> None:
    """Print the lines of this command that were waiting for its commit."""
    for line in click.get_current_context().meta.pop(_PENDING, ()):
        print_line(line)


def print_line(line: str, *, stderr: bool = False) -> None:
    """Print a line at once. No character in it moves the cursor or begins another line."""
    click.echo(escape(line), err=stderr)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Return the lines of a table. Each column is as wide as its widest entry."""
    lines = [head, *(tuple(map(escape, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        yield "  ".join(entry.ljust(width) for entry, width in zip(line, widths, strict=True)).rstrip()


def fact_lines(*facts: tuple[str, str]) -> Iterator[str]:
    """Return a line for each fact: its label, and its value in one column with the others."""
    width = max(len(label) for label, _value in facts)
    return (f"{label.ljust(width)}  {value}" for label, value in facts)


def format_moment(value: datetime | None) -> str:
    """Return a time in the company's zone to the minute, such as "2026-11-26 13:05 CET", or "-"."""
    return dates.plain_time(value) if value else "-"


def link_url(token: str) -> str:
    """Return the URL of a one-time link, as its owner opens it."""
    with current_app.test_request_context("/", base_url=site()[Settings].public_url):
        return url_for("auth.follow_link", token=token, _external=True)


def app_link_lines(user: User, token: str) -> tuple[str, ...]:
    """Return the lines that show a link with which someone links a first app."""
    hours = one_time_links.hours_of(Purpose.ENROLMENT)
    sentence = ngettext(
        "With this link and the password, %(email)s can link an app. It works once, within %(num)s hour:",
        "With this link and the password, %(email)s can link an app. It works once, within %(num)s hours:",
        hours,
        email=user.email,
    )
    return sentence, "", f"  {link_url(token)}", ""
