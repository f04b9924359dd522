"""How days and times are written. Everything but the audit trail is in the company's time zone."""

from datetime import UTC, date, datetime

from flask_babel import format_date, format_datetime
from flask_babel import gettext as _

from mfa_app.core.common import days

LONG, SHORT, WITH_WEEKDAY = "d MMMM yyyy", "d MMM yyyy", "EEEE d MMMM yyyy"


def day(moment: datetime | date, style: str = LONG) -> str:
    """Return the company's day at this time, or this day: "26 November 2026"."""
    return format_date(days.day_of(moment) if isinstance(moment, datetime) else moment, style)


def short_day(moment: datetime | date) -> str:
    """Return the day as "26 Nov 2026"."""
    return day(moment, SHORT)


def short_last_day(moment: datetime) -> str:
    """Return the last day before this time, for what is true until then: "25 Nov 2026"."""
    return short_day(days.last_before(moment))


def weekday(moment: datetime | date) -> str:
    """Return the day as "Thursday 26 November 2026"."""
    return day(moment, WITH_WEEKDAY)


def weekday_time(moment: datetime) -> str:
    """Return day and time as "Thursday 26 November 2026, 13:05 CET"."""
    return time_of_day(moment, WITH_WEEKDAY)


def iso_day(moment: datetime) -> str:
    """Return the company's day at this time for a program: "2026-11-26"."""
    return days.day_of(moment).isoformat()


def time_of_day(moment: datetime, style: str = LONG) -> str:
    """Return day and time with the zone: "26 November 2026, 13:05 CET"."""
    return _with_zone(days.local(moment), f"{style}, HH:mm")


def at_time(moment: datetime, now: datetime) -> str:
    """Return when something was, to end a sentence: "at 11:33" today, else "on 25 November 2026 at 11:33"."""
    if days.day_of(moment) == days.day_of(now):
        return _("at %(time)s", time=clock(moment))
    return _("on %(day)s at %(time)s", day=day(moment), time=clock(moment))


def clock(moment: datetime) -> str:
    """Return the time of day alone: "11:33"."""
    return f"{days.local(moment):%H:%M}"


def recent_day(which: date, now: datetime) -> str:
    """Return the day as a heading: "Today", "Yesterday" or "Thursday 26 November 2026"."""
    names = {0: _("Today"), 1: _("Yesterday")}
    return names.get((days.day_of(now) - which).days) or weekday(which)


def short_time(moment: datetime) -> str:
    """Return day and time as "26 Nov 2026, 13:05 CET"."""
    return time_of_day(moment, SHORT)


def short_utc_time(moment: datetime) -> str:
    """Return day and time in UTC, as the audit trail has them: "26 Nov 2026, 12:05 UTC"."""
    return _with_zone(moment.astimezone(UTC), f"{SHORT}, HH:mm")


def utc_clock(moment: datetime) -> str:
    """Return the time of day in UTC, below a heading that says so: "12:05"."""
    return f"{moment.astimezone(UTC):%H:%M}"


def plain_time(moment: datetime) -> str:
    """Return day and time for a column: "2026-11-26 13:05 CET"."""
    return _with_zone(days.local(moment), "yyyy-MM-dd HH:mm")


def sheet_time(moment: datetime) -> str:
    """Return day and time for a column of a spreadsheet that says the zone: "2026-11-26 13:05:09"."""
    return format_datetime(days.local(moment), "yyyy-MM-dd HH:mm:ss", rebase=False)


def plain_utc_time(moment: datetime) -> str:
    """Return day and time in UTC for a column that says so: "2026-11-26 12:05"."""
    return format_datetime(moment.astimezone(UTC), "yyyy-MM-dd HH:mm", rebase=False)


def zone_name() -> str:
    """Return the name of the company's time zone, to stand beside a day that is typed."""
    return days.zone().key


def _with_zone(moment: datetime, style: str) -> str:
    """Return the time and the short name of its zone. A zone without one is told by its distance from UTC."""
    name = moment.strftime("%Z")
    return _(
        "%(time)s %(zone)s",
        time=format_datetime(moment, style, rebase=False),
        zone=f"UTC{name}" if name[0] in "+-" else name,
    )
