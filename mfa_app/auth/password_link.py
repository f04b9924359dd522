"""The page that an invitation or a password reset link opens."""

from flask import Response, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ChoosePasswordForm
from mfa_app.auth.one_time_link import TOKEN_KEY
from mfa_app.core.common import clock
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import reset_by_mail
from mfa_app.web.http.errors import error_page
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form

PASSWORD_PURPOSES = (Purpose.INVITATION, Purpose.PASSWORD_RESET)


@blueprint.route("/password/choose", methods=["GET", "POST"])
@public
def choose_password() -> ResponseReturnValue:
    """Choose a password through a mailed link. The user then has to log in, so the code is still required."""
    form, now = ChoosePasswordForm(), clock.now()
    link, user = one_time_links.find(session.get(TOKEN_KEY, ""), *PASSWORD_PURPOSES, now=now)
    if user is None:  # never for these purposes
        raise OneTimeLinkExpired
    if form.is_submitted() and form.link.data != link.id:
        return _another_link()
    form.link.data = link.id
    if form.validate_on_submit():
        with form.refusing():
            new = entered(form.password.data)
            reset_by_mail.choose_password(link, user, new, actor=current_actor(), now=now)
            session.clear()
            flash(_("Password saved. Log in with it now."), "success")
            return redirect(url_for("auth.login"))
    return render_form("auth/password_link.html", form, purpose=link.purpose, email=user.email)


def _another_link() -> Response:
    """Answer a page whose link is no longer this browser's latest: it would set another user's password."""
    session.pop(TOKEN_KEY, None)
    heading = _("Open the link again")
    text = _(
        "Another link was opened in this browser after this page, so nothing was saved. "
        "Open the link in your email again and choose your password there."
    )
    return error_page(400, heading, text)
