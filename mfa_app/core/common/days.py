"""Days of the company: where a day begins and ends in its time zone. Stored times stay UTC."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from mfa_app.site import site

_AREAS = frozenset(
    {*("Africa", "America", "Antarctica", "Asia", "Atlantic"), *("Australia", "Europe", "Indian", "Pacific")}
)

FARTHEST = date(2999, 12, 31)  # a day that someone may type: every database can hold what follows it


@dataclass(frozen=True)
class CompanyZone:
    """How one application knows the company's time zone, which a page can change: `current` returns it."""

    current: Callable[[], ZoneInfo]


def zone() -> ZoneInfo:
    """Return the company's time zone."""
    return site()[CompanyZone].current()


@cache
def names_of_zones() -> tuple[str, ...]:
    """Return the names of all time zones of places, and UTC."""
    return ("UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in _AREAS))


def local(moment: datetime) -> datetime:
    """Return the same time as the company's clocks show it."""
    return moment.astimezone(zone())


def day_of(moment: datetime) -> date:
    """Return the company's day at this time."""
    return local(moment).date()


def utc_day_of(moment: datetime) -> date:
    """Return the day in UTC at this time: the audit trail has no other."""
    return moment.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """Return the first moment of a day, in UTC. Where midnight is skipped, the day begins an hour later."""
    return datetime.combine(day, time(), zone()).astimezone(UTC)


def at(day: date, hour: time) -> datetime:
    """Return a time of the company's day, in UTC."""
    return datetime.combine(day, hour, zone()).astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return the last moment of a day, in UTC. A day has 23 hours, or 25, when the clocks change."""
    return end_after(day) - timedelta.resolution


def end_after(day: date) -> datetime:
    """Return the first moment after a day, in UTC."""
    return start_of(day + timedelta(days=1))


def month_after(day: date) -> date:
    """Return the same day of the next month, or its last day where it has no such day."""
    following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return following.replace(day=min(day.day, monthrange(following.year, following.month)[1]))


def last_before(moment: datetime) -> date:
    """Return the last day that has begun before this time: of `end_after`, the day."""
    return day_of(moment - timedelta.resolution)
