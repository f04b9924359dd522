"""Asking the help desk for a reset, the page that waits for it, and the links in emails that stop one."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint, waiting_token
from mfa_app.auth.forms import HelpRequestForm, LinkForm
from mfa_app.auth.one_time_link import find_opened_link, forget_opened_link, keep_to_link
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.helpdesk import after_reset, approvals, requests
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy.decision import Verdict
from mfa_app.models import OneTimeLink, User
from mfa_app.web.security.access_rules import admits, public
from mfa_app.web.security.cookies import note_own_change
from mfa_app.web.security.current import current_actor, current_identity, identity_or_none
from mfa_app.web.ui.forms import render_form


@blueprint.route("/login/lost", methods=["GET", "POST"])
@admits(Verdict.CHALLENGE)
def ask_for_reset() -> ResponseReturnValue:
    """Ask the help desk for a reset, with a reason. This needs the password and gives nothing."""
    form, identity = HelpRequestForm(), current_identity()
    if form.validate_on_submit():
        with form.refusing():
            reason, now = form.reason_in_words(), clock.now()
            waiting_token.keep(requests.file(identity, reason, actor=current_actor(), now=now))
            return redirect(url_for("auth.wait_for_reset"))
    back = url_for("auth.code", next=request.args.get("next"))
    waiting = requests.waiting(waiting_token.held(), now=clock.now())
    return render_form("auth/ask_for_reset.html", form, email=identity.user.email, back=back, waiting=waiting)


@blueprint.get("/login/waiting")
@public
def wait_for_reset() -> ResponseReturnValue:
    """The number to read out, until the help desk has answered. The session may have ended meanwhile."""
    waiting = requests.waiting(waiting_token.held(), now=clock.now())
    return render_template("auth/wait_for_reset.html", waiting=waiting)


@blueprint.post("/login/after-reset")
@public
def follow_reset() -> ResponseReturnValue:
    """Go on to linking in the browser that waited. It has shown the password, and is not let in by this."""
    token = waiting_token.held()
    try:
        signed_in = after_reset.go_on(
            token, replaces=identity_or_none(), actor=current_actor(), now=clock.now()
        )
    except OneTimeLinkExpired:
        waiting_token.forget()
        flash(_("Log in with your password to go on."), "info")
        return redirect(url_for("auth.login"))
    return signed_in_response(signed_in)


@blueprint.route("/login/stop-reset", methods=["GET", "POST"])
@public
def stop_reset() -> ResponseReturnValue:
    """Stop a request for a reset through a mailed link. Opening the page changes nothing."""
    form, now = LinkForm(), clock.now()
    link, user = _opened(form, Purpose.STOP_RESET, now)
    if form.validate_on_submit():
        requests.stop_by_link(link, user, actor=current_actor(), now=now)
        forget_opened_link()
        return redirect(url_for("auth.reset_stopped"))
    return render_form("auth/stop_reset.html", form, email=user.email, hours=requests.OPEN_HOURS)


@blueprint.route("/login/stop-approval", methods=["GET", "POST"])
@public
def stop_approval() -> ResponseReturnValue:
    """Stop a reset that a helper has asked for, by locking the account. Opening the page changes nothing."""
    form, now = LinkForm(), clock.now()
    link, user = _opened(form, Purpose.STOP_APPROVAL, now)
    if form.validate_on_submit():
        note_own_change(user, approvals.stop_by_link(link, user, actor=current_actor(), now=now))
        forget_opened_link()
        return redirect(url_for("auth.account_locked"))
    return render_form("auth/stop_approval.html", form, email=user.email)


@blueprint.get("/login/reset-stopped")
@public
def reset_stopped() -> ResponseReturnValue:
    """What to do after a request was stopped: somebody knows the password."""
    return render_template("auth/reset_stopped.html")


def _opened(form: LinkForm, purpose: Purpose, now: datetime) -> tuple[OneTimeLink, User]:
    """Return the link that this form was opened with, and whose it is, whoever is logged in here."""
    link, user = find_opened_link(purpose, now=now)
    keep_to_link(form, link)
    return link, user
