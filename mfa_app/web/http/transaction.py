"""When a request's changes are saved: once, after the view, unless the response is a server error."""

from flask import Flask, Response

from mfa_app.core.common import clock
from mfa_app.core.mail import outbox
from mfa_app.core.sessions import sessions
from mfa_app.extensions import db
from mfa_app.web.http.errors import STORE_FAILURES, unavailable_page
from mfa_app.web.mailer import Mailer
from mfa_app.web.security.current import identity_or_none


def init_app(app: Flask, mailer: Mailer) -> None:
    """Commit or roll back at the end of every request, then send the mails."""

    @app.after_request
    def finish(response: Response) -> Response:
        if response.status_code >= 500:
            db.session.rollback()
            return response
        try:
            identity = identity_or_none()
            if identity is not None:
                sessions.touch(identity.session, now=clock.now())
            db.session.commit()
        except STORE_FAILURES as failure:
            return unavailable_page(failure)
        mailer.after_commit(outbox.were_written())
        return response
