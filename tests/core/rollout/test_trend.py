"""The trend of a roll-out: noted once a day has ended, kept for a year, shown by day or week."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mfa_app.core.common import days
from mfa_app.core.operations import housekeeping
from mfa_app.core.rollout import trend
from mfa_app.core.rollout.bars import Bar
from mfa_app.extensions import db
from mfa_app.models import Group, RolloutDay
from tests.support.databases import both_databases
from tests.support.world import World


def note(world: World) -> int:
    with world.data():
        return trend.note_day(now=world.clock())


def shown(world: World, group: str | None = None) -> list[tuple[date, Bar]]:
    with world.data():
        scope = world.group_row(group) if group else None
        return [(point.day, point.bar) for point in trend.points(scope, now=world.clock())]


def noted(world: World, *each: date) -> None:
    with world.data():
        for day in each:
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
            row = RolloutDay(day=day, taken_at=at, people=10, logged_in=4, seen=3, linked=2, used=day.day % 3)
            db.session.add(row)


@both_databases
def test_each_day_is_noted_once_for_all_and_for_each_group_with_members(world: World) -> None:
    world.group("Finance")
    world.group("Empty")
    world.linked_earlier("alice", groups_=("Finance",))
    world.person("bob")
    today = world.clock().date()
    world.clock.advance(days=1)
    assert (note(world), note(world)) == (2, 0)
    assert shown(world) == [(today, Bar(2, 1, 1, 1, 1))]
    assert shown(world, "Finance") == [(today, Bar(1, 1, 1, 1, 1))]
    assert shown(world, "Empty") == []
    world.clock.advance(days=1)
    assert note(world) == 2
    assert len(shown(world)) == 2


@pytest.mark.parametrize("minutes", [1, 10 * 60])
def test_a_day_is_noted_under_its_own_date_when_it_has_ended(world: World, minutes: int) -> None:
    world.linked_earlier("alice")
    monday = world.clock().date()
    assert note(world) == 0  # nobody had an account on Sunday
    with world.data():
        midnight = days.end_after(monday)
    world.clock.advance(seconds=(midnight - world.clock()).total_seconds(), minutes=-1)
    assert note(world) == 0
    world.clock.advance(minutes=1 + minutes)
    assert note(world) == 1
    assert [day for day, _bar in shown(world)] == [monday]


def test_who_used_an_app_thirty_days_before_the_day_that_ended_counts(world: World) -> None:
    world.linked_earlier("alice")
    with world.data():
        world.user("alice").second_factor_on = world.clock().date()
    used = []
    for ahead in (30, 1):
        world.clock.advance(days=ahead)
        note(world)
        used.append(shown(world)[-1][1].used)
    assert used == [1, 0]


def test_two_processes_that_count_at_once_note_a_day_once(world: World, monkeypatch) -> None:
    world.person("alice")
    world.clock.advance(days=1)
    lock = trend.lock_administration

    def late() -> None:
        monkeypatch.setattr(trend, "lock_administration", lock)
        assert note(world) == 1
        lock()

    monkeypatch.setattr(trend, "lock_administration", late)
    assert note(world) == 0
    assert world.count(RolloutDay) == 1


@both_databases
def test_a_group_that_is_deleted_while_it_is_counted_is_left_out(world: World, monkeypatch) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    world.clock.advance(days=1)
    lock = trend.lock_administration

    def late() -> None:
        with world.data():
            db.session.delete(db.session.get_one(Group, 1))
        lock()

    monkeypatch.setattr(trend, "lock_administration", late)
    assert note(world) == 1


def test_the_first_two_weeks_are_shown_by_day_and_then_the_last_day_of_each_week(world: World) -> None:
    today = world.clock().date()  # a Monday
    noted(world, *(today - timedelta(days=ago) for ago in range(13, -1, -1)))
    assert len(shown(world)) == 14
    noted(world, today - timedelta(days=14))
    assert [day for day, _bar in shown(world)] == [
        today - timedelta(days=8),
        today - timedelta(days=1),
        today,
    ]


def test_half_a_year_is_shown_and_a_year_is_kept(world: World) -> None:
    today = world.clock().date()
    noted(world, *(today - timedelta(days=ago) for ago in (380, 200, 190, 100, 50)))
    assert len(shown(world)) == 2
    with world.data():
        housekeeping.purge_expired(now=world.clock())
    assert world.count(RolloutDay) == 4
