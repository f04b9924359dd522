"""What the site does for gunicorn: says whether it may start, and runs beside the pages in each worker."""

import logging
import os
import sys
from typing import Any

from flask import Flask
from gunicorn import util
from prometheus_client import values

from mfa_app import create_app
from mfa_app.core.keys.keyring import load_keys
from mfa_app.core.operations import health_checks, instance_lock
from mfa_app.core.operations.instance_lock import SiteRunning
from mfa_app.core.operations.job_runner import JobRunner
from mfa_app.core.passwords.hashing import QUEUE_LIMIT
from mfa_app.extensions import db
from mfa_app.settings import SettingError, Settings, load_settings
from mfa_app.web.http.refused_requests import RefusedRequests
from mfa_app.wording.health import describe

RESTORING = "A backup is being restored. Start the site when the restore has finished."

OTHER_THREADS = 4  # in which no password ever waits, so that pages open while passwords are hashed


def settings_to_serve_with() -> Settings:
    """Return the settings, with keys that can be read; end the program with one sentence if any is wrong.

    A worker that found the mistake would be replaced by the next, which finds it again.
    """
    try:
        settings = load_settings()
        load_keys(settings)
    except SettingError as error:
        sys.exit(str(error))
    return settings


def plan() -> tuple[dict[str, Any], list[int]]:
    """Return the values of a Plan (mfa_app/master.py), and no files."""
    settings = settings_to_serve_with()
    threads = QUEUE_LIMIT + OTHER_THREADS
    return {"port": settings.port, "workers": settings.workers, "threads": threads}, []


def start() -> tuple[dict[str, Any], list[int]]:
    """Return the file whose lock says that the site is running, for whoever keeps it open.

    Ends the program with one sentence if the site must not start.
    """
    settings = settings_to_serve_with()
    _check(settings)
    return {}, [_lock(settings)]


def count_together() -> None:
    """Add up what the workers count, in the folder that the environment names.

    Call it before an application makes the counters: prometheus_client has chosen when it was imported, and
    there may have been no folder then.
    """
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # it has no types


def print_trail() -> None:
    """Print every row of the trail as a line of JSON on the standard output, for log collectors."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    trail = logging.getLogger("mfa_app.trail")
    trail.handlers, trail.propagate = [handler], False
    trail.setLevel(logging.INFO)


def start_jobs(app: Flask) -> None:
    """Start the timed work in this worker, unless the application sends its mail with its responses."""
    if app.config["MAIL_IN_BACKGROUND"]:
        app.extensions["site"][JobRunner].start()


def answer_refused_requests(app: Flask) -> None:
    """Let gunicorn answer with pages of the site what it refuses before the application sees it."""
    util.write_error = RefusedRequests(app).write


def stop_jobs(app: object) -> None:
    """Let the running job end before its worker does. A worker that failed to start has no application."""
    if isinstance(app, Flask):
        app.extensions["site"][JobRunner].stop()


def _check(settings: Settings) -> None:
    app = create_app(settings)  # for this alone: each worker makes its own
    with app.app_context():
        found = health_checks.startup_blocker(settings)
        db.session.remove()
        db.engine.dispose()  # SQLite's file is closed before the lock says that it is in use
    if found is not None:
        sys.exit(str(describe(found, settings)))


def _lock(settings: Settings) -> int:
    try:
        with instance_lock.lock_shared(settings) as file:
            return os.dup(file.fileno())  # the lock lasts as long as this
    except SiteRunning:
        sys.exit(RESTORING)
    except OSError as error:
        sys.exit(f"Could not write {error.filename}: {error.strerror}.")
