"""The login page: email address and password."""

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import LoginForm
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.common.errors import AccountClosed, AccountLocked, WrongCredentials
from mfa_app.core.login import password_step
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.web.http.redirects import next_page
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import browser_facts
from mfa_app.web.security.current import current_actor, identity_or_none
from mfa_app.web.security.failed_logins import count_failure, failures_of_browser
from mfa_app.web.ui.blank_forms import asked_for_blank_form, blank_form
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form
from mfa_app.web.ui.passkeys import alone_somewhere


@blueprint.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """The password step: email address and password."""
    passkey = alone_somewhere()
    words = (
        {"passkey_url": url_for("auth.login_by_passkey", next=request.args.get("next"))} if passkey else {}
    )
    if asked_for_blank_form():
        return blank_form("auth/login.html", LoginForm, words, passkey=passkey)
    form, identity = LoginForm(), identity_or_none()
    if request.method == "GET" and identity is not None and identity.decision.verdict is Verdict.ALLOW:
        return redirect(next_page())
    if form.validate_on_submit():
        with form.refusing():
            return signed_in_response(_sign_in(form, identity))
        if isinstance(form.refusal, WrongCredentials | AccountLocked | AccountClosed):
            count_failure(entered(form.email.data))
    locked, closed = (isinstance(form.refusal, kind) for kind in (AccountLocked, AccountClosed))
    return render_form("auth/login.html", form, **words, passkey=passkey, locked=locked, closed=closed)


def _sign_in(form: LoginForm, replaces: Identity | None) -> SignedIn:
    return password_step.sign_in(
        entered(form.email.data),
        entered(form.password.data),
        browser=browser_facts(),
        own_failures=failures_of_browser(entered(form.email.data)),
        replaces=replaces,
        hmac_key=current_app.config["SECRET_KEY"],
        actor=current_actor(),
        now=clock.now(),
    )
