"""What a link that no longer works answers, and how somebody who was invited asks for a new one."""

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.one_time_link import (
    TOKEN_KEY,
    forget_opened_link,
    opened_lately,
    remember_opened_link,
    require_opened_lately,
)
from mfa_app.core.common import clock
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.users import new_links
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import ConfirmForm


@blueprint.errorhandler(OneTimeLinkExpired)
def expired_page(_refusal: OneTimeLinkExpired) -> ResponseReturnValue:
    """Answer a link that no longer works, on whichever page it turns out: 410, and how to get a new one.

    An expired invitation stays in the cookie of the form for 15 minutes, as any link that is opened: it opens
    nothing, but a new one is asked for by it.
    """
    now = clock.now()
    followed = (request.view_args or {}).get("token")
    token = followed or (session.get(TOKEN_KEY, "") if opened_lately(now=now) else "")
    forget_opened_link()
    expired = new_links.find_expired(token, now=now)
    if expired is None:
        return make_response(render_template("auth/link_expired.html"), 410)
    remember_opened_link(token, now=now)
    page = render_template("auth/invitation_expired.html", form=ConfirmForm(), invitation=expired.invitation)
    return make_response(page, 410)


@blueprint.post("/link/new")
@public
def ask_for_new_link() -> ResponseReturnValue:
    """Ask for a new invitation by an expired one. Whoever sent it decides; nobody is logged in."""
    token, now = session.get(TOKEN_KEY, ""), clock.now()
    if new_links.find_expired(token, now=now):
        require_opened_lately(now=now)
    sender = new_links.ask(token, actor=current_actor(), now=now)
    forget_opened_link()
    if sender:
        told = _("%(name)s has been told that you need a new link.", name=sender)
    else:
        told = _("The administrators can see that you need a new link.")
    flash(_("%(told)s Once it is sent, it comes by email to the same address.", told=told), "success")
    return redirect(url_for("auth.login"))
