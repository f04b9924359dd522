"""`flask audit ...`: the audit trail, from a terminal."""

import itertools
from collections.abc import Iterator

import click
from flask_babel import gettext as _

from mfa_app.cli.terminal import EMAIL, moment, saves, table
from mfa_app.core.audit import search as trail
from mfa_app.core.audit import stream
from mfa_app.core.audit.events import Event
from mfa_app.core.audit.search import LARGEST_ID, TrailSearch
from mfa_app.core.users import lookup
from mfa_app.models import AuditEvent
from mfa_app.wording.events import details_in_words

EVENTS = {event.label: event for event in Event}


@click.group("audit")
def commands() -> None:
    """The audit trail."""


@commands.command("list")
@click.option("--person", type=EMAIL, help="Only what this person did or what was done to the person.")
@click.option("--event", type=click.Choice(sorted(EVENTS)), metavar="EVENT", help="Such as login.completed.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@saves
def list_(person: str | None, event: str | None, limit: int) -> Iterator[str]:
    """List what happened, the newest first."""
    search = TrailSearch(
        person=person or "",
        user_id=lookup.id_by_email(person) if person else None,
        event=EVENTS[event] if event else None,
    )
    rows = itertools.islice(_rows(search), limit)
    head = (_("TIME (UTC)"), _("EVENT"), _("BY"), _("TO"), _("FROM"), _("DETAILS"))
    return table(head, [_line(row) for row in rows])


@commands.command("lines")
@click.option("--after", type=click.IntRange(0, LARGEST_ID), required=True, help="The last that you have.")
@saves
def lines(after: int) -> Iterator[str]:
    """Print the rows that follow a number, as the site prints them, to fill a gap in collected logs."""
    for line in stream.lines(after):
        click.echo(line)  # at once: there may be more than fit into memory
    return iter(())


def _rows(search: TrailSearch) -> Iterator[AuditEvent]:
    page = trail.read(search)
    yield from page.rows
    while page.before is not None:
        page = trail.read(search, before=page.before)
        yield from page.rows


def _line(row: AuditEvent) -> tuple[str, ...]:
    who, place = f"{row.actor_name or '-'} ({row.actor_kind})", row.ip_address or "-"
    details = ", ".join(details_in_words(row.event, row.details))
    return moment(row.at), row.event, who, row.subject_name or "-", place, details
