"""The page that an enrolment link opens: with the password, it leads to linking a first app."""

from flask import current_app
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import LinkLoginForm
from mfa_app.auth.one_time_link import opened_link
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.login import password_step
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.models import OneTimeLink, User
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import browser_facts
from mfa_app.web.security.current import current_actor, identity_or_none
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form


@blueprint.route("/login/link", methods=["GET", "POST"])
@public
def link_login() -> ResponseReturnValue:
    """Ask for the password of the link's owner, who may then link an app."""
    form = LinkLoginForm()
    link, user = opened_link(Purpose.ENROLMENT, now=clock.now())
    if form.validate_on_submit():
        with form.refusing():
            return signed_in_response(_sign_in(form, link, user))
    return render_form("auth/link_login.html", form, email=user.email)


def _sign_in(form: LinkLoginForm, link: OneTimeLink, user: User) -> SignedIn:
    return password_step.sign_in(
        user.email,
        entered(form.password.data),
        link=link,
        browser=browser_facts(),
        replaces=identity_or_none(),
        hmac_key=current_app.config["SECRET_KEY"],
        actor=current_actor(),
        now=clock.now(),
    )
