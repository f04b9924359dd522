"""Error pages: a heading, a sentence that says what to do, and no internal details."""

import logging
import math
import secrets

from flask import Flask, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, NotFound, SecurityError

from mfa_app.core.common import clock
from mfa_app.core.common.errors import (
    HashingQueueFull,
    NotAllowed,
    OutOfScope,
    Refusal,
    SessionEnded,
    Throttled,
)
from mfa_app.core.keys.vault import CannotUnseal
from mfa_app.extensions import db
from mfa_app.web.http.redirects import page_without_slash, send_to
from mfa_app.web.security.access_rules import is_upload, rule_of_request
from mfa_app.web.security.origin import OriginMissing, OriginWrong
from mfa_app.wording.refusals import sentence

RETRY_SECONDS = 5

ERROR_ID_BYTES = 4

STATUS_OF_REFUSALS: dict[type[Refusal], int] = {NotAllowed: 403, Throttled: 429}  # all others: 409

STORE_FAILURES = (SQLAlchemyError, CannotUnseal)

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error with an error page."""
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(SecurityError, _wrong_address_page)
    app.register_error_handler(CSRFError, _csrf_page)
    app.register_error_handler(OriginWrong, _other_site_page)
    app.register_error_handler(OriginMissing, _nameless_page)
    app.register_error_handler(Refusal, _refusal_page)
    app.register_error_handler(HashingQueueFull, _busy_page)
    app.register_error_handler(SessionEnded, _to_the_login)
    app.register_error_handler(OutOfScope, _no_such_person)
    for failure in STORE_FAILURES:
        app.register_error_handler(failure, unavailable_page)
    app.register_error_handler(Exception, _failure_page)


def _http_page(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400 and error.response is not None:
        return error.response
    heading, text = _words_of_uploads().get(code) or _words().get(code, _words()[400 if code < 500 else 500])
    response = error_page(code, heading, text)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _no_such_person(_error: OutOfScope) -> ResponseReturnValue:
    """Answer as if there were no such person."""
    return _http_page(NotFound())


def _not_found(error: NotFound) -> ResponseReturnValue:
    """Lead from an address with a slash at its end to the page without it, if there is one."""
    page = page_without_slash() if request.routing_exception is error else None
    return redirect(page, 308) if page else _http_page(error)


def _wrong_address_page(_error: SecurityError) -> Response:
    """Answer a request for a host that is not ours. No link on the page may be built from that host."""
    page = render_template(
        "errors/bare.html",
        heading=_("This site has another address"),
        sentence=_("You'll find it here:"),
        public_url=current_app.config["SETTINGS"].public_url,
    )
    return make_response(page, 400)


def error_page(code: int, heading: str, text: str, *, error_id: str | None = None) -> Response:
    """Return a page that says in one sentence what went wrong and what to do.

    `error_id` is the id under which the error is in the log, if it was logged.
    """
    if isinstance(request.routing_exception, SecurityError):  # takes precedence over any other error
        return _wrong_address_page(request.routing_exception)
    page = render_template(
        "errors/error.html",
        code=code,
        heading=heading,
        sentence=text,
        error_id=error_id,
    )
    return make_response(page, code)


def _words() -> dict[int, tuple[str, str]]:
    return {
        400: (
            _("That didn't work"),
            _("Your browser sent something this site doesn't understand. Go back and try again."),
        ),
        403: (
            _("Not for your account"),
            _("Your account isn't allowed to open this page. If it should be, ask an administrator."),
        ),
        404: (
            _("Page not found"),
            _("There is no page at this address. Check that you typed it correctly."),
        ),
        405: (
            _("That didn't work"),
            _("This address doesn't accept that kind of request. Go back and try again."),
        ),
        409: (
            _("That didn't work"),
            _("Something changed in the meantime. Go back, reload the page and try again."),
        ),
        413: (
            _("Too much at once"),
            _("What you sent is larger than this site accepts. Go back and shorten it."),
        ),
        429: (
            _("Wait a moment"),
            _("Too many failed attempts. Try again in a few minutes."),
        ),
        500: (
            _("Something went wrong here"),
            _("This is our fault, not yours. Nothing was changed. Try again in a few minutes."),
        ),
        503: (
            _("Try again in a moment"),
            _("The site can't answer right now. Nothing was changed. Try again in a few seconds."),
        ),
    }


def _words_of_uploads() -> dict[int, tuple[str, str]]:
    """Return what is said of a file that is too large, or doesn't say how large it is."""
    if not is_upload():
        return {}
    return {
        411: (
            _("The file has no length"),
            _(
                "Your browser, or something on the way, didn't say how large the file is, so nothing has "
                "been read. Try another browser."
            ),
        ),
        413: (
            _("This file is too large"),
            _("%(limit)s Go back and try again.", limit=rule_of_request().too_large),
        ),
    }


def _csrf_page(_error: CSRFError) -> Response:
    if not request.cookies:
        text = _(
            "This site can't work without its own cookies. If they are switched off, allow them for this "
            "site. Then go back, reload the page and try again."
        )
        return error_page(400, _("Your browser sent no cookies"), text)
    text = _(
        "This form is no longer valid. The page was open for a long time, you logged in or out "
        "in another tab, or your browser doesn't accept cookies. Go back, reload the page and try again."
    )
    return error_page(400, _("Reload the page"), text)


def _other_site_page(_error: OriginWrong) -> Response:
    text = _(
        "Your browser says that a page of another site sent this form, so nothing was changed. "
        "If you pressed the button here, open this site under its usual address, %(address)s, and try again.",
        address=current_app.config["SETTINGS"].public_url,
    )
    return error_page(400, _("This form came from another site"), text)


def _nameless_page(_error: OriginMissing) -> Response:
    """Name the cause: without these headers reloading never helps."""
    text = _(
        "Your browser didn't say which page sent this form: the headers Origin, Sec-Fetch-Site and Referer "
        "are all missing, so nothing was changed. A privacy setting, an extension or a proxy removes them. "
        "Allow them for this site or use another browser. If that doesn't help, ask the help desk."
    )
    return error_page(400, _("Something hides where this form came from"), text)


def _refusal_page(refusal: Refusal) -> Response:
    """Answer a refusal that no form shows, such as after two administrators did something at once.

    Below 500, so that what the action counted and recorded is saved.
    """
    code = STATUS_OF_REFUSALS.get(type(refusal), 409)
    response = error_page(code, _words()[code][0], sentence(refusal))
    if isinstance(refusal, Throttled):
        set_retry_after(response, refusal)
    return response


def set_retry_after(response: Response, refusal: Throttled) -> None:
    """Say in a header how many seconds it is until the next attempt is accepted."""
    seconds = (refusal.retry_at - clock.now()).total_seconds()
    response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))


def _to_the_login(_interruption: SessionEnded) -> ResponseReturnValue:
    """Send the user to the login page, which sends a user who is still logged in back home.

    This happens after a double click, or if the session ended meanwhile.
    """
    return send_to("auth.login")


def _busy_page(interruption: HashingQueueFull) -> Response:
    return _later(error_page(503, _words()[503][0], sentence(interruption)))


def unavailable_page(_error: Exception) -> Response:
    """Answer when the database or a key fails: roll back, and ask to try again."""
    error_id = _log("The database or a key failed")
    db.session.rollback()
    return _later(error_page(503, *_words()[503], error_id=error_id))


def _failure_page(_error: Exception) -> Response:
    error_id = _log("Unexpected error")
    db.session.rollback()
    return error_page(500, *_words()[500], error_id=error_id)


def _log(what: str) -> str:
    """Log the current exception under a new id, and return the id for the page."""
    error_id = secrets.token_hex(ERROR_ID_BYTES)
    log.exception("%s (error ID %s)", what, error_id)
    return error_id


def _later(response: Response) -> Response:
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
