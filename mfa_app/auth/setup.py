"""The page that creates the first administrator."""

from flask import Response, redirect, session, url_for

from mfa_app.auth import blueprint
from mfa_app.auth.forms import SetupForm
from mfa_app.auth.one_time_link import TOKEN_KEY, expired_page
from mfa_app.core.common import clock
from mfa_app.core.common.errors import HashingQueueFull, OneTimeLinkExpired, Refusal, UnacceptablePassword
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import first_administrator
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form


@blueprint.route("/setup", methods=["GET", "POST"])
@public
def setup() -> Response:
    """Create the first administrator, who then enrols an app."""
    form, now = SetupForm(), clock.now()
    try:
        link, _user = one_time_links.find(session.get(TOKEN_KEY, ""), Purpose.SETUP, now=now)
    except OneTimeLinkExpired:
        return expired_page()
    if form.validate_on_submit():
        profile = Profile(form.email.data, form.name.data, Role.ADMIN)
        try:
            administrator = first_administrator.create_first_administrator(
                link, profile, form.password.data, actor=current_actor(), now=now
            )
            session.clear()
            issue_cookies(administrator)
            return redirect(url_for("enrolment.authenticator"))
        except HashingQueueFull:
            raise
        except OneTimeLinkExpired:
            return expired_page()
        except UnacceptablePassword as refusal:
            form.refuse(refusal, "password")
        except Refusal as refusal:
            form.refuse(refusal, "email")
    return render_form("auth/setup.html", form)
