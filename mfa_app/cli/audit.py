"""`second-gate audit ...`: the audit trail."""

import itertools
from collections.abc import Iterator

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import print_line, say, table
from mfa_app.cli.support.types import EMAIL
from mfa_app.core.audit import search as trail
from mfa_app.core.audit import stream
from mfa_app.core.audit.events import Event
from mfa_app.core.audit.happenings import Happening
from mfa_app.core.audit.search import TrailSearch
from mfa_app.core.users import lookup
from mfa_app.models.column_types import LARGEST_ID
from mfa_app.wording import dates
from mfa_app.wording.event_sentences import sentence

EVENTS = {event.label: event for event in Event}


@click.group("audit")
def commands() -> None:
    """Read and verify the audit trail."""


@commands.command("list")
@click.option("--person", "email", type=EMAIL, help="Only events by or about this person.")
@click.option(
    "--event",
    type=click.Choice(sorted(EVENTS)),
    metavar="EVENT",
    help="Only this event, such as login.completed.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@json_option
@command_transaction
def list_(email: str | None, event: str | None, limit: int, *, as_json: bool) -> None:
    """List the events on the audit trail, newest first.

    Each has a sentence. With --json, it has all its details.
    """
    search = TrailSearch(
        person=email or "",
        user_id=lookup.id_by_email(email) if email else None,
        event=EVENTS[event] if event else None,
    )
    rows = itertools.islice(_rows(search), limit)
    if as_json:
        say(*json_lines([json_facts.event(found.row) for found in rows]))
        return
    head = (_("TIME (UTC)"), _("EVENT"), _("BY"), _("TO"), _("FROM"), _("WHAT HAPPENED"))
    say(*table(head, [_line(row) for row in rows]))


@commands.command("lines")
@click.option(
    "--after",
    type=click.IntRange(0, LARGEST_ID),
    required=True,
    help="The number of the last row you have.",
)
@command_transaction
def lines(after: int) -> None:
    """Print all rows after a number, as the site logs them.

    Use this to fill a gap in the lines that your log collector has.
    """
    for line in stream.lines(after):
        print_line(line)  # at once: the trail may not fit into memory


def _rows(search: TrailSearch) -> Iterator[Happening]:
    page = trail.read(search)
    yield from page.rows
    while page.before is not None:
        page = trail.read(search, before=page.before)
        yield from page.rows


def _line(found: Happening) -> tuple[str, ...]:
    row = found.row
    actor, ip_address = f"{row.actor_name or '-'} ({row.actor_kind})", row.ip_address or "-"
    return (
        dates.plain_utc_time(row.at),
        row.event,
        actor,
        row.subject_name or "-",
        ip_address,
        sentence(found),
    )
