"""The threads that run the jobs beside the requests: when each is due, how they start, wake and stop."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from time import monotonic

from mfa_app.core.operations import jobs, leases
from mfa_app.core.operations.jobs import JOBS, Job
from mfa_app.core.operations.leases import TERM, Holder

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0  # for the jobs that are running; gunicorn gives a worker 20 in all


class JobRunner:
    """Runs the jobs of one application: one thread for the quick ones, and one for each of the others.

    `in_application` returns the context that a job runs in. `lease` is how long a job that must be alone is
    left to a process that has died while it ran it.
    """

    def __init__(
        self,
        in_application: Callable[[], AbstractContextManager[object]],
        todo: tuple[Job, ...] = JOBS,
        *,
        lease: timedelta = TERM,
    ) -> None:
        self._in_application = in_application
        self._holder = Holder(in_application, lease)
        self._changed = threading.Condition()
        self._due = {job.name: monotonic() for job in todo}  # all are looked at when the threads start
        self._woken: set[str] = set()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, args=(jobs_,), name=f"jobs: {jobs_[0].name}", daemon=True)
            for jobs_ in _by_thread(todo)
        ]

    def start(self) -> None:
        """Start the threads. Call it once, in the process that serves: a fork leaves threads behind."""
        for thread in self._threads:
            thread.start()

    def wake(self, job: Job) -> None:
        """Let a job run now, or as soon as the present one of its thread has ended."""
        with self._changed:
            self._woken.add(job.name)
            self._changed.notify_all()

    def stop(self) -> None:
        """Let the running jobs end, for five seconds at most, and start no other."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        ends = monotonic() + STOP_SECONDS
        for thread in filter(threading.Thread.is_alive, self._threads):
            thread.join(max(0.0, ends - monotonic()))

    def _work(self, together: tuple[Job, ...]) -> None:
        while (found := self._next(together)) is not None:
            job, woken = found
            try:
                with self._in_application():
                    jobs.run_if_due(job, self._holder, early=woken)
                    if job.alone:
                        self._look_again(job, leases.seconds_until_free(job.name))
            except Exception:  # the database is gone: the thread lives on
                log.exception("The job %s could not begin or end", job.name)

    def _look_again(self, job: Job, seconds: float) -> None:
        wait = min(seconds, job.interval.total_seconds())  # longer is the mistake of a clock
        with self._changed:
            self._due[job.name] = monotonic() + wait

    def _next(self, together: tuple[Job, ...]) -> tuple[Job, bool] | None:
        """Wait until one of these jobs is due. Return it, and whether it was woken; None at the stop."""
        with self._changed:
            while not self._stopping:
                job = min(together, key=lambda job: (job.name not in self._woken, self._due[job.name]))
                woken, wait = job.name in self._woken, self._due[job.name] - monotonic()
                if woken or wait <= 0:
                    self._woken.discard(job.name)
                    self._due[job.name] = monotonic() + job.wait().total_seconds()
                    return job, woken
                self._changed.wait(wait)
        return None


def _by_thread(todo: tuple[Job, ...]) -> list[tuple[Job, ...]]:
    """Group the jobs: those that may take minutes have a thread each."""
    quick = tuple(job for job in todo if not job.may_take_minutes)
    slow: list[tuple[Job, ...]] = [(job,) for job in todo if job.may_take_minutes]
    return [quick, *slow] if quick else slow
