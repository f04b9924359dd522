"""What gunicorn asks of the site: whether it may start, and where the audit trail is printed."""

import logging
import sys
from typing import IO

from mfa_app import create_app
from mfa_app.config import Settings
from mfa_app.core import installation, running
from mfa_app.core.running import Occupied
from mfa_app.extensions import db
from mfa_app.web.check_words import told

RESTORING = "A backup is being put back right now; start the site when that has ended."


def start(settings: Settings) -> IO[str]:
    """Return the lock that says the site runs; end the program with one sentence where it must not."""
    app = create_app(settings)  # for this alone: each worker makes its own
    with app.app_context():
        found = installation.obstacle(settings)
        db.session.remove()
        db.engine.dispose()  # no connection is shared across a fork
        if found is not None:
            sys.exit(str(told(found, settings)))
    try:
        return running.hold(settings)
    except Occupied:
        sys.exit(RESTORING)


def print_trail() -> None:
    """Print every row of the trail as a line of JSON on the standard output, for whoever collects logs."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    trail = logging.getLogger("mfa_app.trail")
    trail.handlers, trail.propagate = [handler], False
    trail.setLevel(logging.INFO)
