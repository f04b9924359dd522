"""The gate before every request: every page is closed unless its access rule admits the user's verdict."""

import contextlib
from datetime import timedelta
from typing import NoReturn
from urllib.parse import urlsplit

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import LoginManager
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common import clock, permissions
from mfa_app.core.common.errors import Throttled
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import counters, limits
from mfa_app.models.row_facts import UserFacts
from mfa_app.web.http.headers import STATIC
from mfa_app.web.http.monitoring import asked_by_monitor
from mfa_app.web.http.redirects import next_page, send_to
from mfa_app.web.security import held_forms
from mfa_app.web.security.access_rules import OTHER_FIELDS, AccessRule, is_upload, rule_of_request
from mfa_app.web.security.cookies import clear_session_cookie, session_token
from mfa_app.web.security.current import current_actor, current_identity, identity_or_none
from mfa_app.web.security.origin import check_origin

LANDING_PAGES = {
    Verdict.CHALLENGE: "auth.code",
    Verdict.ENROL: "enrolment.authenticator",
    Verdict.ADD_PASSKEY: "account.add_passkey",
    Verdict.AWAIT_LINK: "auth.link_needed",
    Verdict.ALLOW: "account.home",
}


def init_app(app: Flask, login_manager: LoginManager) -> None:
    """Run the gate before every request, and make Flask-Login's current_user the user it admits."""
    app.before_request(authorize_request)
    login_manager.session_protection = None  # it would trust X-Forwarded-For as sent by the client
    login_manager.request_loader(_user_let_through)


def init_uploads(app: Flask) -> None:
    """Run the gate for forms with a file before anything reads them. Call it before all that does."""
    app.before_request(admit_before_reading)


def admit_before_reading() -> Response | None:
    """Let the body of a form with a file be large, once its sender is admitted. 411 if it has no length.

    Raises OriginWrong, OriginMissing: a page of another site can't even have its visitor refused.
    """
    if not is_upload():
        return None
    check_origin()
    barred = _authorize()
    if barred is None and request.content_length is None:
        abort(411)
    if barred is None:
        request.max_content_length = rule_of_request().upload_bytes + OTHER_FIELDS
        g.sender_admitted = True
    return barred


def authorize_request() -> Response | None:
    """Identify the user. Return a response in place of the view's if its access rule bars the user.

    The sender of a form with a file has been admitted already.
    """
    return None if g.pop("sender_admitted", False) else _authorize()


def _authorize() -> Response | None:
    rule = rule_of_request()
    if request.endpoint in STATIC:
        return None
    if isinstance(request.routing_exception, SecurityError):
        return None  # a host that is not ours: its error page has no user and no links
    if rule.monitors:  # without reading cookies or the database, whose health it reports
        return None if asked_by_monitor() else abort(404)
    token = session_token()
    g.identity = sessions.find(token, now=clock.now()) if token else None
    if rule.public or request.routing_exception is not None:
        return None
    identity = identity_or_none()
    if identity is None:
        if token:
            flash(_ended(), "info")
        return send_to("auth.login")
    barred = _admit(identity, rule)
    if barred is None:
        held_forms.recall(identity)
    return barred


def _ended() -> str:
    if request.method == "POST":
        return _("Your session has ended, so nothing was saved. Log in again.")
    return _("Your session has ended. Log in again.")


def _admit(identity: Identity, rule: AccessRule) -> Response | None:
    """Return None if the view may run, else a redirect to where the user must go first.

    Answers 403 if the user lacks the view's permission.
    """
    now, verdict = clock.now(), identity.decision.verdict
    if identity.out_of_time(now):
        sessions.end_because(identity, EndReason.NO_CODE_IN_TIME, actor=current_actor())
        clear_session_cookie()
        flash(
            ngettext(
                "More than %(num)s minute has passed since you entered your password. Log in again.",
                "More than %(num)s minutes have passed since you entered your password. Log in again.",
                sessions.CHALLENGE_TIMEOUT // timedelta(minutes=1),
            ),
            "info",
        )
        return send_to("auth.login")
    if verdict is Verdict.CHALLENGE and identity.session.challenged_at is None:
        sessions.mark_challenged(identity.session, now=now)
    if verdict not in rule.verdicts:
        return _to_landing_page(identity, rule)
    if rule.permission is not None and not permissions.may(identity.user.role, rule.permission):
        deny()
    if not rule.recent or identity.recently_confirmed(now):
        return None
    return held_forms.send_first(identity, "auth.reauthenticate", keep=not rule.upload_bytes)


def _to_landing_page(identity: Identity, rule: AccessRule) -> Response:
    verdict = identity.decision.verdict
    if verdict is Verdict.ALLOW:
        return send_to(LANDING_PAGES[verdict], remember_where=False)
    return held_forms.send_first(identity, LANDING_PAGES[verdict], keep=not rule.upload_bytes)


def to_open_page(verdict: Verdict | None) -> Response:
    """Redirect after a step of a login: to the page that `next` asks for, or to the one that comes first.

    The gate would redirect there too, at the cost of a request. Without a verdict it has something to say.
    """
    target = next_page()
    if verdict is None or verdict is Verdict.ALLOW:
        return redirect(target)
    first = LANDING_PAGES[verdict]
    return redirect(target) if urlsplit(target).path == url_for(first) else send_to(first, back_to=target)


def deny() -> NoReturn:
    """Answer 403 and record the attempt, unless this user has already filled the trail's limit for these."""
    with contextlib.suppress(Throttled):
        counters.charge(limits.REFUSED_PAGES, current_identity().user.id, now=clock.now())
        record(Event.ACCESS_REFUSED, actor=current_actor(), page=request.path[:200])
    abort(403)


def _user_let_through(_request: object) -> UserFacts | None:
    identity = identity_or_none()
    return identity.user if identity and identity.decision.verdict is Verdict.ALLOW else None
