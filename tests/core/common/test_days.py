"""Days of the company: their first and their last moment, also where they have 23 or 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mfa_app.core.common import days
from mfa_app.wording import dates
from tests.support.site_parts import put
from tests.support.world import World

DAYS = [
    ("UTC", "2026-03-01", "2026-03-01T00:00", 24),
    ("Europe/Amsterdam", "2026-03-01", "2026-02-28T23:00", 24),
    ("Europe/Amsterdam", "2026-03-29", "2026-03-28T23:00", 23),
    ("Europe/Amsterdam", "2026-10-25", "2026-10-24T22:00", 25),
    ("America/New_York", "2026-03-08", "2026-03-08T05:00", 23),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00", 25),
    ("America/Santiago", "2026-09-06", "2026-09-06T04:00", 23),  # begins at one o'clock
    ("America/Havana", "2026-11-01", "2026-11-01T04:00", 25),  # midnight comes twice
    ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", 23.5),
    ("Pacific/Kiritimati", "2026-03-01", "2026-02-28T10:00", 24),
]


def in_zone(world: World, name: str) -> None:
    settings = world.app.config["SETTINGS"]
    put(world.app, settings.model_copy(update={"time_zone": ZoneInfo(name)}))


@pytest.mark.parametrize(("zone", "day", "start", "hours"), DAYS, ids=[f"{row[0]} {row[1]}" for row in DAYS])
def test_a_day_lasts_from_its_first_moment_to_its_last(
    world: World, zone: str, day: str, start: str, hours: float
) -> None:
    in_zone(world, zone)
    today, instant = date.fromisoformat(day), timedelta.resolution
    with world.app.app_context():
        first, last = days.start_of(today), days.end_of(today)
        assert first == datetime.fromisoformat(start).replace(tzinfo=UTC)
        assert last - first + instant == timedelta(hours=hours)
        assert days.day_of(first) == days.day_of(last) == today
        assert days.day_of(first - instant) == today - timedelta(days=1)
        assert days.day_of(last + instant) == today + timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", "28 February 2026, 23:30 UTC"),
        ("Europe/Amsterdam", "1 March 2026, 00:30 CET"),
        ("America/New_York", "28 February 2026, 18:30 EST"),
        ("Asia/Dubai", "1 March 2026, 03:30 UTC+04"),
        ("America/Sao_Paulo", "28 February 2026, 20:30 UTC-03"),
    ],
)
def test_a_time_of_day_names_its_zone(world: World, zone: str, written: str) -> None:
    in_zone(world, zone)
    moment = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    with world.app.test_request_context("/"):
        assert dates.time_of_day(moment) == written
        assert dates.day(moment) == written.partition(",")[0]
        assert dates.plain_utc_time(moment) == "2026-02-28 23:30"


def test_the_hour_that_comes_twice_is_told_apart(world: World) -> None:
    in_zone(world, "Europe/Amsterdam")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with world.app.test_request_context("/"):
        times = [dates.plain_time(first + timedelta(hours=hours)) for hours in (0, 1)]
    assert times == ["2026-10-25 02:30 CEST", "2026-10-25 02:30 CET"]


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2026, 3, 2), date(2026, 4, 2)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last(day: date, later: date) -> None:
    assert days.month_after(day) == later
