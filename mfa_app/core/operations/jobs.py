"""All timed work of the site in one list: what is done, how often, and what becomes of a failure."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from mfa_app.core.audit import anchors, stream
from mfa_app.core.common import clock
from mfa_app.core.imports import import_job
from mfa_app.core.mail import delivery
from mfa_app.core.operations import counts, housekeeping, nodes
from mfa_app.core.operations.leases import Holder
from mfa_app.core.passwords import reset_requests
from mfa_app.core.rollout import reminders, rule_mails, trend
from mfa_app.core.users import exemption_ends, invitation_ends, planned_end
from mfa_app.extensions import db
from mfa_app.settings import Settings
from mfa_app.site import site

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One piece of timed work. Several processes may run it at once, so `run` must allow for that.

    `run` commits, and returns how many things it did, or None if that is the work of other processes.
    `alone`: one process of all nodes runs it at a time, and its interval counts for all of them together.
    `may_take_minutes`: it waits for another machine or has many batches, and no other job may wait with it.
    `of_the_server`: only processes that serve the site run it, no command.
    With `at_random` the interval is the longest, and nobody can tell when it runs.
    """

    name: str
    interval: timedelta
    run: Callable[[], int | None]
    alone: bool = False
    may_take_minutes: bool = False
    of_the_server: bool = False
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


def _note_node() -> int | None:
    return nodes.note_running(site()[Settings])


def _remind() -> int:
    return reminders.go_on(now=clock.now())


def _tell_of_rules() -> int:
    return rule_mails.go_on(now=clock.now())


def _go_on_with_imports() -> int:
    return import_job.go_on(now=clock.now())


def _note_rollout() -> int:
    return trend.note_day(now=clock.now())


def _answer_requests() -> int:
    return reset_requests.answer_requests(now=clock.now())


def _end_accounts() -> int:
    return planned_end.disable_ended(now=clock.now())


def _tell_of_ends() -> int:
    now = clock.now()
    mails = planned_end.tell_before_end(now=now)
    mails += exemption_ends.tell_before_end(now=now) + exemption_ends.tell_after_end(now=now)
    return mails + invitation_ends.tell_before_end(now=now)


# Each process sends mail, because each mail is claimed by one. Each node has anchors of its own.
MAIL = Job("mail", timedelta(minutes=1), delivery.deliver_due, may_take_minutes=True)
PURGE = Job("purge", timedelta(minutes=1), _purge, alone=True)
STREAM = Job("stream", timedelta(minutes=1), stream.stream_cli_events, alone=True)
ANCHOR = Job("anchor", timedelta(minutes=1), _append_anchor)
COUNTS = Job("counts", timedelta(minutes=1), counts.sum_up, alone=True)
RESETS = Job("resets", timedelta(seconds=30), _answer_requests, alone=True, at_random=True)
ENDS = Job("ends", timedelta(minutes=1), _end_accounts, alone=True)
END_MAILS = Job("end-mails", timedelta(minutes=1), _tell_of_ends, alone=True)
REMINDERS = Job("reminders", timedelta(minutes=1), _remind, alone=True, may_take_minutes=True)
RULE_MAILS = Job("rule-mails", timedelta(minutes=1), _tell_of_rules, alone=True, may_take_minutes=True)
IMPORTS = Job("imports", timedelta(minutes=1), _go_on_with_imports, alone=True, may_take_minutes=True)
TREND = Job("trend", timedelta(minutes=1), _note_rollout, alone=True, may_take_minutes=True)
NODE = Job("node", nodes.BEAT, _note_node, may_take_minutes=True, of_the_server=True)

JOBS = (
    *(RESETS, MAIL, PURGE, COUNTS, ENDS, END_MAILS, STREAM, ANCHOR),
    *(REMINDERS, RULE_MAILS, IMPORTS, TREND, NODE),
)


def run(job: Job) -> Result:
    """Run a job now. A failure is logged and returned, so that it doesn't stop the other jobs."""
    try:
        return Result(job, count=job.run())
    except Exception as error:
        db.session.rollback()
        log.exception("The job %s failed", job.name)
        return Result(job, error=error)


def run_unless_running(job: Job, holder: Holder) -> Result:
    """Run a job for a command, whenever it is due; leave it to the site if that is its own or runs it now."""
    if job.of_the_server:
        return Result(job)
    if not job.alone:
        return run(job)
    with holder.leasing(job.name) as taken:
        return run(job) if taken else Result(job)


def run_if_due(job: Job, holder: Holder, *, early: bool = False) -> None:
    """Run a job that is due here, unless it must be alone and was run elsewhere, or is running there.

    With `early` it need not be due.
    """
    if not job.alone:
        run(job)
        return
    with holder.leasing(job.name, again_after=job.wait(), longest=job.interval, early=early) as taken:
        if taken:
            run(job)
