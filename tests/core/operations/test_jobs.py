"""Timed work: one list, run beside the requests; a failure stops nothing else."""

import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations import jobs
from mfa_app.core.operations.job_runner import JobRunner
from mfa_app.core.operations.jobs import JOBS, Job, Result
from mfa_app.wording.jobs import description, result_in_words
from tests.support.served_site import log_of, started
from tests.support.site_parts import part_of
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.support.world import World

DAY = timedelta(days=1)


def fail() -> int:
    raise OSError("disk full")


def test_a_job_that_fails_is_logged_and_returned(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        result = jobs.run(Job("fails", DAY, fail))
    assert str(result.error) == "disk full"
    assert "The job fails failed" in caplog.text


def test_a_job_that_fails_does_not_stop_the_others(app: Flask) -> None:
    ran = threading.Event()
    runner = JobRunner(app.app_context, (Job("fails", DAY, fail), Job("works", DAY, ran.set)))
    runner.start()
    assert ran.wait(PATIENCE_SECONDS)
    runner.stop()


def test_a_job_that_waits_for_another_machine_holds_up_no_other(app: Flask) -> None:
    go_on, ran = threading.Event(), threading.Semaphore(0)

    def waits() -> None:
        go_on.wait(PATIENCE_SECONDS)

    slow = Job("slow", DAY, waits, may_take_minutes=True)
    runner = JobRunner(app.app_context, (slow, Job("quick", timedelta(milliseconds=1), ran.release)))
    runner.start()
    assert all(ran.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
    go_on.set()
    runner.stop()
    assert jobs.MAIL.may_take_minutes


def test_every_job_runs_at_the_start_again_when_woken_and_at_its_interval(app: Flask) -> None:
    woken, often = threading.Semaphore(0), threading.Semaphore(0)
    rare = Job("rare", DAY, woken.release)
    runner = JobRunner(app.app_context, (rare, Job("often", timedelta(milliseconds=1), often.release)))
    runner.start()
    assert woken.acquire(timeout=PATIENCE_SECONDS)
    assert all(often.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
    assert not woken.acquire(blocking=False)
    runner.wake(rare)
    assert woken.acquire(timeout=PATIENCE_SECONDS)
    runner.stop()


def test_stopping_lets_the_job_end_that_is_running_and_starts_no_other(app: Flask) -> None:
    started, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        started.set()
        go_on.wait()
        done.append("slow")

    then = Job("next", DAY, lambda: done.append("next"))
    runner = JobRunner(app.app_context, (Job("slow", DAY, slow), then))
    runner.start()
    assert started.wait(PATIENCE_SECONDS)
    stopping = threading.Thread(target=runner.stop)
    stopping.start()
    wait_until(lambda: runner._stopping)
    go_on.set()
    stopping.join()
    assert done == ["slow"]


def test_a_runner_that_never_started_stops_at_once(app: Flask) -> None:
    part_of(app, JobRunner).stop()


def test_every_job_is_on_the_list_once() -> None:
    named = [value for value in vars(jobs).values() if isinstance(value, Job)]
    assert sorted(job.name for job in JOBS) == sorted(job.name for job in named)


def test_all_jobs_but_those_of_a_mail_or_a_node_are_run_by_one_process() -> None:
    assert {job.name for job in JOBS if not job.alone} == {"mail", "anchor", "node"}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_has_words(app: Flask, job: Job) -> None:
    with app.test_request_context():
        assert description(job)
        results = (Result(job, 0), Result(job, 1), Result(job), Result(job, error=OSError()))
        assert all(result_in_words(result) for result in results)


def test_a_worker_starts_the_jobs_before_anybody_asks_it_for_a_page(
    world: World, environment: dict[str, str]
) -> None:
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
    folder = Path(environment["MFA_INSTANCE_PATH"])
    with started(environment, stop=signal.SIGTERM) as (site, _address):
        wait_until(lambda: site.poll() is not None or list(folder.glob("outbox/*-linked-*.eml")))
        wait_until(lambda: site.poll() is not None or (folder / "anchors").exists())
    assert site.wait() == 0
    assert "Traceback" not in log_of(environment).read_text("utf-8")
