"""One process of all nodes runs a job at a time, by the time of the database; the next one takes over."""

import itertools
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

import pytest
from flask import Flask
from sqlalchemy import update

from mfa_app.core.operations import jobs, leases
from mfa_app.core.operations.job_runner import JobRunner
from mfa_app.core.operations.jobs import Job
from mfa_app.core.operations.leases import Holder
from mfa_app.extensions import db
from mfa_app.models import Lease
from mfa_app.models.database import database_time
from tests.support.clock import FakeClock
from tests.support.databases import both_databases
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = both_databases

DAY, SOON, AT_ONCE = timedelta(days=1), timedelta(milliseconds=150), timedelta(0)


class OtherNode(Holder):
    """A holder as if it ran on another machine."""

    owner = "node-b:1:abc"  # type: ignore[assignment]


@pytest.fixture
def holder(app: Flask) -> Iterator[Holder]:
    with app.app_context():
        yield Holder(app.app_context)


@pytest.fixture
def other(app: Flask) -> Holder:
    return OtherNode(app.app_context)


def lease() -> Lease:
    return db.session.get_one(Lease, "purge", populate_existing=True)


def held_until(app: Flask) -> datetime:
    with app.app_context():
        return lease().held_until


def test_one_at_a_time_holds_a_lease(holder: Holder, other: Holder) -> None:
    assert holder.take("purge")
    assert not other.take("purge")
    assert other.take("another job")
    with holder.holding("purge"):
        assert not other.take("purge")
    assert other.take("purge"), "it was given back"
    assert lease().owner == other.owner


def test_a_job_is_due_for_all_together(holder: Holder, other: Holder) -> None:
    assert holder.take("purge", again_after=DAY)
    with holder.holding("purge"):
        pass
    assert not other.take("purge", again_after=DAY)
    assert DAY - timedelta(minutes=1) < timedelta(seconds=leases.seconds_until_free("purge")) <= DAY
    assert other.take("purge", again_after=DAY, early=True)


def test_the_lease_of_a_dead_process_runs_out(app: Flask, holder: Holder, other: Holder) -> None:
    assert Holder(app.app_context, AT_ONCE).take("purge")
    assert other.take("purge")
    with holder.holding("purge"):
        pass
    assert not holder.take("purge"), "who has lost a lease can't give it back"
    assert lease().owner == other.owner


def test_a_lease_is_renewed_while_its_owner_works(app: Flask, other: Holder) -> None:
    working = Holder(app.app_context, SOON)
    with app.app_context():
        assert working.take("purge")
        first = lease().held_until
        with working.holding("purge"):
            wait_until(lambda: held_until(app) > first + SOON)
            assert not other.take("purge")


def test_a_process_that_hangs_loses_its_lease_at_last(
    app: Flask, other: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LONGEST", SOON)
    hanging = Holder(app.app_context, SOON)
    with app.app_context():
        assert hanging.take("purge")
        with hanging.holding("purge"):
            wait_until(lambda: other.take("purge"))


def test_the_clock_of_a_node_frees_no_lease(
    app: Flask, clock: FakeClock, holder: Holder, other: Holder
) -> None:
    assert holder.take("purge", again_after=DAY)
    clock.advance(days=400)
    assert not other.take("purge", again_after=DAY)
    assert abs(database_time() - datetime.now().astimezone()) < timedelta(minutes=1)


def test_of_four_processes_one_runs_a_job_once_in_its_interval(app: Flask) -> None:
    ran, runs = threading.Semaphore(0), itertools.count()

    def work() -> None:
        next(runs)
        ran.release()

    job = Job("counted", SOON, work, alone=True)
    runners = [JobRunner(app.app_context, (job,)) for _number in range(4)]
    began = monotonic()
    for runner in runners:
        runner.start()
    assert all(ran.acquire(timeout=PATIENCE_SECONDS) for _run in range(6))
    for runner in runners:
        runner.stop()
    assert next(runs) <= (monotonic() - began) / SOON.total_seconds() + 1


def test_a_woken_job_runs_though_it_is_not_due(app: Flask) -> None:
    ran = threading.Semaphore(0)
    job = Job("rare", DAY, ran.release, alone=True)
    runner = JobRunner(app.app_context, (job,))
    runner.start()
    assert ran.acquire(timeout=PATIENCE_SECONDS)
    runner.wake(job)
    assert ran.acquire(timeout=PATIENCE_SECONDS)
    runner.stop()


def test_a_command_leaves_a_job_to_the_node_that_runs_it(holder: Holder, other: Holder) -> None:
    assert other.take("purge", again_after=DAY)
    assert jobs.run_unless_running(jobs.PURGE, holder).count is None
    with other.holding("purge"):
        pass
    assert jobs.run_unless_running(jobs.PURGE, holder).count == 0


def test_a_clock_of_the_server_that_was_ahead_stops_no_job(holder: Holder, other: Holder) -> None:
    assert holder.take("purge", again_after=DAY)
    ahead = database_time() + 30 * DAY
    db.session.execute(update(Lease).values(held_until=ahead, due_at=ahead))
    db.session.commit()
    assert other.take("purge", again_after=DAY)
