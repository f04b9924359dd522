"""The lines of what happened with somebody: a sentence each, under the company's days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from mfa_app.core.audit.events import Event
from mfa_app.core.audit.happenings import Happening
from mfa_app.core.common import days
from mfa_app.wording import dates
from mfa_app.wording.event_sentences import sentence
from mfa_app.wording.user_agents import browser_name


@dataclass(frozen=True)
class TimelineLine:
    """What happened, and when. `origin` is from where, as far as the sentence does not say it."""

    at: datetime
    clock: str
    sentence: str
    origin: str


@dataclass(frozen=True)
class TimelineDay:
    """The lines of a day, newest first."""

    name: str
    lines: tuple[TimelineLine, ...]


def timeline_days(lines: Iterable[Happening], now: datetime) -> list[TimelineDay]:
    """Return what happened as lines under their days."""
    by_day = groupby(map(_line, lines), lambda line: days.day_of(line.at))
    return [TimelineDay(dates.recent_day(day, now), tuple(of_day)) for day, of_day in by_day]


def _line(happening: Happening) -> TimelineLine:
    row = happening.row
    browser = row.user_agent and row.event != Event.LOGIN_COMPLETED.label
    origin = [row.ip_address, browser_name(row.user_agent) if browser else ""]
    return TimelineLine(row.at, dates.clock(row.at), sentence(happening), " · ".join(filter(None, origin)))
