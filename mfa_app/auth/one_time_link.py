"""Follows a mailed one-time link without leaving its token in the address."""

from flask import make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.core.common import clock
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.web.security.access_rules import public

TOKEN_KEY = "link"  # key of the token in the signed form cookie, which keeps it out of URLs


@blueprint.get("/link/<token:token>")
@public
def follow_link(token: str) -> ResponseReturnValue:
    """Move the token from the URL to the form cookie, so that neither history nor Referer contain it."""
    link, _user = one_time_links.find(token, *Purpose, now=clock.now())
    session[TOKEN_KEY] = token
    return redirect(url_for("auth.setup" if link.purpose == Purpose.SETUP else "auth.choose_password"))


@blueprint.errorhandler(OneTimeLinkExpired)
def expired_page(_refusal: OneTimeLinkExpired) -> ResponseReturnValue:
    """Answer a link that no longer works, on whichever page it turns out: 410, and how to get a new one."""
    session.pop(TOKEN_KEY, None)
    return make_response(render_template("auth/link_expired.html"), 410)
