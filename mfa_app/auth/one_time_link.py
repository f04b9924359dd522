"""Follows a mailed one-time link without leaving its token in the address, or for long in the browser."""

from datetime import datetime, timedelta

from flask import Response, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import LinkForm
from mfa_app.core.common import clock
from mfa_app.core.common.clock import is_fresh
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.login.logout import log_out
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.models import OneTimeLink, User
from mfa_app.web.http.errors import error_page
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import clear_session_cookie
from mfa_app.web.security.current import current_actor, identity_or_none

# Keys in the signed form cookie, which keeps the token out of URLs.
TOKEN_KEY = "link"
OPENED_KEY = "link_opened"  # when, in seconds since 1970

PAGES = {
    Purpose.SETUP: "auth.setup",
    Purpose.INVITATION: "auth.choose_password",
    Purpose.PASSWORD_RESET: "auth.choose_password",
    Purpose.ENROLMENT: "auth.link_login",
    Purpose.ACCOUNT_LOCK: "auth.lock_account",
    Purpose.STOP_RESET: "auth.stop_reset",
    Purpose.STOP_APPROVAL: "auth.stop_approval",
    Purpose.AFTER_RESET: "auth.wait_for_reset",
}

OPEN_FOR = timedelta(minutes=15)  # then whoever comes to a shared browser next finds nothing


class OpenedLinkForgotten(Exception):
    """The link was opened in this browser, but too long ago or before another one."""


class SomeoneElseLoggedIn(Exception):
    """Another person than the link's is logged in in this browser. `owner` is None for the set-up link."""

    def __init__(self, owner: User | None) -> None:
        super().__init__()
        self.owner = owner


@blueprint.get("/link/<token:token>")
@public
def follow_link(token: str) -> ResponseReturnValue:
    """Move the token from the URL to the form cookie, so that neither history nor Referer contain it."""
    link, _user = one_time_links.find(token, *Purpose, now=clock.now())
    remember_opened_link(token, now=clock.now())
    return _to_page_of(link)


@blueprint.post("/link/log-out")
@public
def log_out_for_link() -> ResponseReturnValue:
    """Log out whoever is logged in, and go on with the link that this browser has opened."""
    token, opened = session.get(TOKEN_KEY, ""), session.get(OPENED_KEY)
    link, _user = one_time_links.find(token, *Purpose, now=clock.now())
    if identity := identity_or_none():
        log_out(identity, actor=current_actor())
    session.clear()
    session[TOKEN_KEY], session[OPENED_KEY] = token, opened
    clear_session_cookie()
    return _to_page_of(link)


def opened_link(*purposes: Purpose, now: datetime) -> tuple[OneTimeLink, User]:
    """Return the link that this browser has opened, and its user.

    Raises OneTimeLinkExpired, OpenedLinkForgotten, SomeoneElseLoggedIn.
    """
    link, user = find_opened_link(*purposes, now=now)
    _require_nobody_but(user)
    return link, user


def opened_setup_link(*, now: datetime) -> OneTimeLink:
    """Do the same for the link to set the site up, which is nobody's."""
    link, _nobody = _find_opened(Purpose.SETUP, now=now)
    _require_nobody_but(None)
    return link


def find_opened_link(*purposes: Purpose, now: datetime) -> tuple[OneTimeLink, User]:
    """Return the same as `opened_link`, for links that log nobody in: it doesn't matter who is logged in.

    Raises OneTimeLinkExpired, OpenedLinkForgotten.
    """
    link, user = _find_opened(*purposes, now=now)
    if user is None:  # only links for set-up are nobody's
        raise OneTimeLinkExpired
    return link, user


def _require_nobody_but(user: User | None) -> None:
    """Raise SomeoneElseLoggedIn if another person is logged in here."""
    identity = identity_or_none()
    if identity is not None and (user is None or identity.user.id != user.id):
        raise SomeoneElseLoggedIn(user)


def _find_opened(*purposes: Purpose, now: datetime) -> tuple[OneTimeLink, User | None]:
    link, user = one_time_links.find(session.get(TOKEN_KEY, ""), *purposes, now=now)
    require_opened_lately(now=now)
    return link, user


def keep_to_link(form: LinkForm, link: OneTimeLink) -> None:
    """Let a form go on with this link alone.

    Raises OpenedLinkForgotten if it was opened with another one.
    """
    if form.is_submitted() and form.link.data != link.id:
        raise OpenedLinkForgotten
    form.link.data = link.id


def opened_lately(*, now: datetime) -> bool:
    """Return True if this browser has opened its link within 15 minutes."""
    age = timedelta(seconds=now.timestamp() - session.get(OPENED_KEY, 0))
    return is_fresh(now - age, OPEN_FOR, now=now)


def require_opened_lately(*, now: datetime) -> None:
    """Raise OpenedLinkForgotten unless this browser has opened its link within 15 minutes."""
    if not opened_lately(now=now):
        raise OpenedLinkForgotten


def remember_opened_link(token: str, *, now: datetime) -> None:
    """Keep the token in this browser."""
    session[TOKEN_KEY], session[OPENED_KEY] = token, int(now.timestamp())


def forget_opened_link() -> None:
    """Take the token out of this browser."""
    session.pop(TOKEN_KEY, None)
    session.pop(OPENED_KEY, None)


@blueprint.errorhandler(OpenedLinkForgotten)
def forgotten_page(_error: OpenedLinkForgotten) -> Response:
    """Answer a page whose link is no longer the one that this browser has opened: nothing was saved."""
    forget_opened_link()
    heading = _("Open the link again")
    text = _(
        "This page was open for more than %(minutes)s minutes, or another link was opened in this browser "
        "after it, so nothing was saved. Open the link in your email again and go on there.",
        minutes=OPEN_FOR // timedelta(minutes=1),
    )
    return error_page(400, heading, text)


@blueprint.errorhandler(SomeoneElseLoggedIn)
def someone_else_page(error: SomeoneElseLoggedIn) -> ResponseReturnValue:
    """Answer a link of one person in the browser of another: 409, who is who, and the button to log out."""
    identity = identity_or_none()
    logged_in = identity.user if identity else None
    page = render_template("auth/link_for_someone_else.html", logged_in=logged_in, owner=error.owner)
    return make_response(page, 409)


def _to_page_of(link: OneTimeLink) -> ResponseReturnValue:
    return redirect(url_for(PAGES[Purpose(link.purpose)]))
