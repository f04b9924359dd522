"""The audit trail as CSV that is safe to open in a spreadsheet: for people, or for programs."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from flask_babel import gettext as _

from mfa_app.core.audit.happenings import Happening
from mfa_app.wording import dates
from mfa_app.wording.event_sentences import sentence
from mfa_app.wording.events import actor_name, details_in_words, event_name
from mfa_app.wording.user_agents import browser_name

COLUMNS = (
    "id",
    "at",
    "event",
    "actor_kind",
    "actor_id",
    "actor_name",
    "subject_id",
    "subject_name",
    "ip_address",
    "user_agent",
    "details",
    "previous",
    "mac",
)


def for_programs(found: Iterable[Happening]) -> Iterator[Iterable[str]]:
    """Yield the rows as they are, below their names: times in UTC, details as JSON."""
    yield COLUMNS
    for one in found:
        yield [_cell(getattr(one.row, column)) for column in COLUMNS]


def for_people(found: Iterable[Happening]) -> Iterator[Iterable[str]]:
    """Yield the rows in the words of the page, below headings, with the company's times."""
    yield (
        _("Number"),
        _("Time (%(zone)s)", zone=dates.zone_name()),
        _("What happened"),
        _("Event"),
        _("By"),
        _("About"),
        _("IP address"),
        _("Browser"),
        _("Details"),
    )
    yield from map(_in_words, found)


def _in_words(one: Happening) -> tuple[str, ...]:
    row = one.row
    return (
        str(row.id),
        dates.sheet_time(row.at),
        sentence(one),
        event_name(row.event),
        actor_name(row),
        row.subject_name,
        row.ip_address,
        browser_name(row.user_agent) if row.user_agent else "",
        ", ".join(details_in_words(row.event, row.details)),
    )


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return "" if value is None else str(value)
