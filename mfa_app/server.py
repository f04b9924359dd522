"""What gunicorn asks the site: whether it may start, and where the audit trail is printed."""

import logging
import sys
from typing import IO

from mfa_app import create_app
from mfa_app.core.operations import health_checks, instance_lock
from mfa_app.core.operations.instance_lock import SiteRunning
from mfa_app.extensions import db
from mfa_app.settings import Settings
from mfa_app.wording.health import describe

RESTORING = "A backup is being restored. Start the site when the restore has finished."


def start(settings: Settings) -> IO[str]:
    """Return the lock that says the site is running. Exit with one sentence if it must not start."""
    app = create_app(settings)  # for this check only: each worker creates its own
    with app.app_context():
        found = health_checks.startup_blocker(settings)
        db.session.remove()
        db.engine.dispose()  # no connection is shared across a fork
        if found is not None:
            sys.exit(str(describe(found, settings)))
    try:
        return instance_lock.lock_shared(settings)
    except SiteRunning:
        sys.exit(RESTORING)


def print_trail() -> None:
    """Print every new row of the trail to standard output as one line of JSON, for a log collector."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    trail = logging.getLogger("mfa_app.trail")
    trail.handlers, trail.propagate = [handler], False
    trail.setLevel(logging.INFO)
