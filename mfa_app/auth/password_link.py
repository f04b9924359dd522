"""The page that an invitation or a password reset link opens."""

from flask import flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ChoosePasswordForm
from mfa_app.auth.one_time_link import keep_to_link, opened_link
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import reset_by_mail
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.users import invitations
from mfa_app.models import OneTimeLink, User
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import note_own_change
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form

PASSWORD_PURPOSES = (Purpose.INVITATION, Purpose.PASSWORD_RESET)


@blueprint.route("/password/choose", methods=["GET", "POST"])
@public
def choose_password() -> ResponseReturnValue:
    """Choose a password through a mailed link. With an invitation the user is logged in and goes on.

    After a reset the user has to log in, so the code is still required.
    """
    form, now = ChoosePasswordForm(), clock.now()
    link, user = opened_link(*PASSWORD_PURPOSES, now=now)
    keep_to_link(form, link)
    if form.validate_on_submit():
        with form.refusing():
            return _choose(link, user, entered(form.password.data))
    if form.is_submitted() and link.purpose == Purpose.INVITATION:
        invitations.note_opened(user, now=now)
    return render_form("auth/password_link.html", form, purpose=link.purpose, email=user.email)


def _choose(link: OneTimeLink, user: User, password: str) -> ResponseReturnValue:
    actor, now = current_actor(), clock.now()
    if link.purpose == Purpose.INVITATION:
        return _welcome(invitations.accept(link, user, password, actor=actor, now=now))
    stamp = reset_by_mail.choose_password(link, user, password, actor=actor, now=now)
    note_own_change(user, stamp)
    session.clear()
    flash(_("Password saved. Log in with it now."), "success")
    return redirect(url_for("auth.login"))


def _welcome(signed_in: SignedIn) -> ResponseReturnValue:
    response = signed_in_response(signed_in)
    if signed_in.signed_in_fully:
        flash(_("Password saved. You're logged in."), "success")
    elif signed_in.verdict in (Verdict.ENROL, Verdict.ADD_PASSKEY):
        flash(_("Password saved. One more step, and you're in."), "success")
    return response
