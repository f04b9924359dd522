"""The page that creates the first administrator."""

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import SetupForm
from mfa_app.auth.one_time_link import opened_setup_link
from mfa_app.core.common import clock
from mfa_app.core.users import first_administrator
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form


@blueprint.route("/setup", methods=["GET", "POST"])
@public
def setup() -> ResponseReturnValue:
    """Create the first administrator, who then enrols an app."""
    form, now = SetupForm(), clock.now()
    link = opened_setup_link(now=now)
    if form.validate_on_submit():
        profile = Profile(entered(form.email.data), entered(form.name.data), Role.ADMIN)
        with form.refusing():
            administrator = first_administrator.create_first_administrator(
                link, profile, entered(form.password.data), actor=current_actor(), now=now
            )
            session.clear()
            issue_cookies(administrator)
            return redirect(url_for("enrolment.authenticator"))
    return render_form("auth/setup.html", form)
