"""SQLite and PostgreSQL behave alike: who writes waits for a moment, and nobody's change is lost."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from mfa_app.core.common.errors import UsedCode
from mfa_app.core.factors import apps
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator, SitePolicy, Throttle, User
from mfa_app.models.database import insert_once
from tests.support.databases import both_databases
from tests.support.world import World

MANY = 8


def in_threads(world: World, work: object, count: int = MANY) -> list[object]:
    """Do the same work in so many threads that start in one moment, each with a connection of its own."""
    start = threading.Barrier(count)

    def run(number: int) -> object:
        with world.app.app_context():
            start.wait()
            return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10000), ("synchronous", 2)],
)
def test_sqlite_waits_keeps_what_is_committed_and_minds_foreign_keys(
    world: World, monkeypatch: pytest.MonkeyPatch, pragma: str, value: object
) -> None:
    monkeypatch.setattr("tests.support.databases.spare_the_disk", False)
    with world.app.app_context():
        db.engine.dispose()
        assert db.session.scalar(db.text(f"PRAGMA {pragma}")) == value


def test_the_connection_that_was_used_last_is_used_next(world: World) -> None:
    """It still has the pages of the database in memory, so a login reads the file no more."""
    with world.app.app_context():
        first, second = db.engine.raw_connection(), db.engine.raw_connection()
        last = second.dbapi_connection
        first.close()
        second.close()
        with contextlib.closing(db.engine.raw_connection()) as taken:
            assert taken.dbapi_connection is last


def test_a_read_then_write_transaction_does_not_fail_beside_another_writer(world: World) -> None:
    with world.app.app_context():
        db.session.scalar(select(SitePolicy.revision))
        with world.data():
            db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))
        db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))
        db.session.commit()
        assert db.session.scalar(select(SitePolicy.revision)) == 2


@both_databases
def test_of_changes_in_many_threads_none_is_lost(world: World) -> None:
    def change(_number: int) -> None:
        for _ in range(5):
            db.session.scalar(select(SitePolicy.revision))
            db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))
            db.session.commit()

    in_threads(world, change)
    with world.data():
        assert db.session.scalar(select(SitePolicy.revision)) == MANY * 5


@both_databases
def test_of_charges_in_many_threads_all_are_counted(world: World) -> None:
    counted = in_threads(
        world, lambda _: counters.charge(limits.PASSWORD_NETWORK, "x", now=world.clock()).failures
    )
    assert sorted(counted) == list(range(1, MANY + 1))
    assert world.count(Throttle) == 1


@both_databases
def test_of_many_threads_that_insert_one_row_one_does(world: World) -> None:
    values = {"failures": 1, "next_try_at": world.clock(), "forget_at": world.clock()}

    def insert(_number: int) -> bool:
        inserted = insert_once(Throttle, key="x", **values)
        db.session.commit()
        return inserted

    assert sorted(in_threads(world, insert)) == [False] * (MANY - 1) + [True]


@both_databases
def test_of_many_threads_with_one_code_one_is_accepted(world: World) -> None:
    world.person("alice")
    world.link_and_wait("alice")
    code = world.phones["alice"].code()

    def answer(_number: int) -> bool:
        try:
            authenticator = db.session.scalars(select(Authenticator)).one()
            step = apps.step_of(authenticator, code, now=world.clock())
            assert step is not None
            apps.burn(authenticator, step)
            db.session.commit()
        except UsedCode:
            db.session.rollback()
            return False
        return True

    assert sorted(in_threads(world, answer)) == [False] * (MANY - 1) + [True]


@both_databases
def test_a_moment_comes_back_as_it_was_in_utc(world: World) -> None:
    world.person("alice")
    there = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 3, 2, 1, 15, 30, 123456, tzinfo=there)
    with world.data():
        world.user("alice").last_login_at = moment
    with world.data():
        stored = world.user("alice").last_login_at
    assert stored == moment
    assert stored.tzinfo is UTC


@both_databases
def test_a_moment_without_a_time_zone_is_a_mistake(world: World) -> None:
    world.person("alice")
    with world.app.app_context(), pytest.raises(StatementError, match="time zone"):
        db.session.execute(update(User).values(last_login_at=datetime(2026, 3, 2)))


@both_databases
def test_what_belongs_to_a_person_goes_with_the_person(world: World) -> None:
    world.person("alice")
    world.link_and_wait("alice")
    with world.data():
        db.session.delete(world.user("alice"))
    assert world.count(Authenticator) == 0
