"""Asks for a password reset link."""

from flask import make_response, render_template
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ForgottenForm
from mfa_app.core.common import clock
from mfa_app.core.passwords import reset_requests
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import browser_facts
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form


@blueprint.route("/password/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> ResponseReturnValue:
    """Send a password reset link. The response is the same for known and unknown addresses."""
    form = ForgottenForm()
    if form.validate_on_submit():
        with form.refusing():
            reset_requests.request_reset(
                entered(form.email.data),
                browser=browser_facts(),
                actor=current_actor(),
                now=clock.now(),
            )
            return make_response(render_template("auth/password_forgotten_sent.html"))
    return render_form("auth/password_forgotten.html", form)
