"""The thread that runs the jobs beside the requests: when each is due, and how it starts, wakes and stops."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic

from mfa_app.core.operations import jobs
from mfa_app.core.operations.jobs import JOBS, Job

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0  # for the job that is running; gunicorn gives a worker 20 in all


class JobRunner:
    """Runs the jobs of one application. `in_application` returns the context that a job runs in."""

    def __init__(
        self, in_application: Callable[[], AbstractContextManager[object]], todo: tuple[Job, ...] = JOBS
    ) -> None:
        self._in_application, self._jobs = in_application, todo
        self._changed = threading.Condition()
        self._due: dict[str, float] = {job.name: 0.0 for job in todo}  # all run when the thread starts
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Start the thread. Call it once, in the process that serves: a fork leaves threads behind."""
        self._thread.start()

    def wake(self, job: Job) -> None:
        """Let a job run now, or as soon as the present one has ended."""
        with self._changed:
            self._due[job.name] = 0.0
            self._changed.notify()

    def stop(self) -> None:
        """Let the running job end, for five seconds at most, and start no other."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                with self._in_application():
                    jobs.run(job)
            except Exception:  # the database is gone even for the end of a failed job: the thread lives on
                log.exception("The job %s left its session open", job.name)

    def _next(self) -> Job | None:
        """Wait until a job is due and return it, or None when the thread shall stop."""
        with self._changed:
            while not self._stopping:
                job = min(self._jobs, key=lambda job: self._due[job.name])
                wait = self._due[job.name] - monotonic()
                if wait <= 0:
                    self._due[job.name] = monotonic() + job.interval.total_seconds()
                    return job
                self._changed.wait(wait)
        return None
