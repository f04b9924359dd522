"""The page that an invitation or a password reset link opens."""

from flask import flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ChoosePasswordForm
from mfa_app.auth.one_time_link import OpenedLinkForgotten, opened_link
from mfa_app.core.common import clock
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import reset_by_mail
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.users import invitations
from mfa_app.models import OneTimeLink, User
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form

PASSWORD_PURPOSES = (Purpose.INVITATION, Purpose.PASSWORD_RESET)


@blueprint.route("/password/choose", methods=["GET", "POST"])
@public
def choose_password() -> ResponseReturnValue:
    """Choose a password through a mailed link. The user then has to log in, so the code is still required.

    Administrators and the help desk go on to linking their first app.
    """
    form, now = ChoosePasswordForm(), clock.now()
    link, user = opened_link(*PASSWORD_PURPOSES, now=now)
    if user is None:  # never for these purposes
        raise OneTimeLinkExpired
    if form.is_submitted() and form.link.data != link.id:
        raise OpenedLinkForgotten
    form.link.data = link.id
    if form.validate_on_submit():
        with form.refusing():
            return _saved_response(_choose(link, user, entered(form.password.data)))
    return render_form("auth/password_link.html", form, purpose=link.purpose, email=user.email)


def _choose(link: OneTimeLink, user: User, password: str) -> SignedIn | None:
    actor, now = current_actor(), clock.now()
    if link.purpose == Purpose.INVITATION:
        return invitations.accept(link, user, password, actor=actor, now=now)
    reset_by_mail.choose_password(link, user, password, actor=actor, now=now)
    return None


def _saved_response(signed_in: SignedIn | None) -> ResponseReturnValue:
    session.clear()
    if signed_in is not None:
        issue_cookies(signed_in)
        return redirect(url_for("enrolment.authenticator"))
    flash(_("Password saved. Log in with it now."), "success")
    return redirect(url_for("auth.login"))
