"""All timed work of the site in one list: what is done, how often, and what becomes of a failure."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from mfa_app.core.audit import anchors, stream
from mfa_app.core.common import clock
from mfa_app.core.mail import delivery
from mfa_app.core.operations import housekeeping
from mfa_app.core.passwords import reset_requests
from mfa_app.extensions import db
from mfa_app.settings import Settings
from mfa_app.site import site

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One piece of timed work. Several processes run it at once, so `run` must allow for that.

    `run` commits, and returns how many things it did, or None if that is the work of other processes.
    `may_take_minutes`: it waits for another machine, and the other jobs must not wait with it.
    With `at_random` the interval is the longest, and nobody can tell when it runs.
    """

    name: str
    interval: timedelta
    run: Callable[[], int | None]
    may_take_minutes: bool = False
    at_random: bool = False

    def wait(self) -> timedelta:
        """Return how long it is from the beginning of one run to the next."""
        return self.interval * secrets.SystemRandom().uniform(0.1, 1) if self.at_random else self.interval


@dataclass(frozen=True)
class Result:
    """The result of one run: what `Job.run` returned, or the error that ended it."""

    job: Job
    count: int | None = None
    error: Exception | None = None


def _purge() -> int:
    return housekeeping.purge_expired(now=clock.now())


def _append_anchor() -> int:
    return int(anchors.append_daily(site()[Settings], now=clock.now()))


def _answer_requests() -> int:
    return reset_requests.answer_requests(now=clock.now())


MAIL = Job("mail", timedelta(minutes=1), delivery.deliver_due, may_take_minutes=True)
PURGE = Job("purge", timedelta(minutes=1), _purge)
STREAM = Job("stream", timedelta(minutes=1), stream.stream_cli_events)
ANCHOR = Job("anchor", timedelta(minutes=1), _append_anchor)
RESETS = Job("resets", timedelta(seconds=30), _answer_requests, at_random=True)

JOBS = (RESETS, MAIL, PURGE, STREAM, ANCHOR)


def run(job: Job) -> Result:
    """Run a job now. A failure is logged and returned, so that it doesn't stop the other jobs."""
    try:
        return Result(job, count=job.run())
    except Exception as error:
        db.session.rollback()
        log.exception("The job %s failed", job.name)
        return Result(job, error=error)
