"""When a request's changes are saved: once, after the view, unless the response is a server error.

What a refused request wrote is saved too: the refusal on the audit trail, the code that was spent, the lock
after many wrong ones, and the mail about them. So an action that refuses has written nothing else, which
`tests/core/test_refusals_change_nothing.py` checks, and a view must not call an action that can refuse after
one that has written.
"""

from flask import Flask, Response, g

from mfa_app.core.common import clock
from mfa_app.core.imports import import_job
from mfa_app.core.mail import delivery
from mfa_app.core.passwords import reset_requests
from mfa_app.core.sessions import sessions
from mfa_app.extensions import db
from mfa_app.web.http.errors import STORE_FAILURES, unavailable_page
from mfa_app.web.security.current import identity_or_none


def init_app(app: Flask) -> None:
    """Commit or roll back at the end of every request."""

    @app.after_request
    def finish(response: Response) -> Response:
        if response.status_code >= 500:
            db.session.rollback()
            return response
        try:
            identity = identity_or_none()
            if identity is not None:
                sessions.touch(identity.session, now=clock.now())
            if db.session.registry.has():  # else this request has never asked the database
                db.session.commit()
        except STORE_FAILURES as failure:
            return unavailable_page(failure)
        if g.pop("mail_leaves_with_response", False):
            reset_requests.answer_requests(now=clock.now())
            delivery.deliver_due()
        if g.pop("imports_go_on_with_response", False):
            import_job.go_on(now=clock.now())
            delivery.deliver_due()
        return response


def deliver_with_response() -> None:
    """Send the mail of this request before its response, where no thread runs jobs (development, tests)."""
    g.mail_leaves_with_response = True


def go_on_with_imports() -> None:
    """Do what an import waits for before the response of this request, where no thread runs jobs."""
    g.imports_go_on_with_response = True
