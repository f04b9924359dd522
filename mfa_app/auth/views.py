"""Log in with a password, then with a code; confirm within a session; log out."""

from flask import Response, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import CodeForm, ConfirmByCodeForm, ConfirmByPasswordForm, LoginForm
from mfa_app.core import clock, login
from mfa_app.core.errors import Busy, Refusal
from mfa_app.core.login import SignedIn
from mfa_app.core.policy import Verdict
from mfa_app.web.actors import current_actor, current_identity
from mfa_app.web.cookies import hand_over, take_back_session, this_browser
from mfa_app.web.fields import page
from mfa_app.web.marks import admits, public
from mfa_app.web.redirects import next_page


@blueprint.route("/login", methods=["GET", "POST"], endpoint="login")
@public
def first_gate() -> Response:
    """The first gate: e-mail address and password."""
    form, identity = LoginForm(), current_identity()
    if request.method == "GET" and identity is not None and identity.decision.verdict is Verdict.ALLOW:
        return redirect(next_page())
    if form.validate_on_submit():
        try:
            signed_in = login.sign_in(
                form.email.data,
                form.password.data,
                browser=this_browser(),
                instead_of=identity,
                blinding=current_app.secret_key,
                actor=current_actor(),
                now=clock.now(),
            )
            return let_in(signed_in)
        except Busy:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
    return page("auth/login.html", form)


@blueprint.route("/login/code", methods=["GET", "POST"], endpoint="code")
@admits(Verdict.CHALLENGE)
def second_gate() -> Response:
    """The second gate: a code of the authentication app."""
    form, identity = CodeForm(), current_identity()
    if form.validate_on_submit():
        try:
            signed_in = login.answer_challenge(
                identity,
                form.code.data,
                remember=form.remember.data,
                browser=this_browser(),
                actor=current_actor(),
                now=clock.now(),
            )
            return let_in(signed_in)
        except Refusal as refusal:
            form.refuse(refusal, "code")
    return page(
        "auth/code.html",
        form,
        email=identity.user.email,
        remember_days=identity.decision.remember_days,
        stopped=_is_stopped(),
    )


@blueprint.route("/login/again", methods=["GET", "POST"])
@admits(Verdict.ALLOW, Verdict.ENROL)
def again() -> Response:
    """Ask for the code (without an app: the password) once more, before pages that can change security."""
    identity = current_identity()
    ask = "code" if identity.person.authenticator else "password"
    form = ConfirmByCodeForm() if ask == "code" else ConfirmByPasswordForm()
    if form.validate_on_submit():
        confirm = login.confirm_by_code if ask == "code" else login.confirm_by_password
        try:
            return let_in(confirm(identity, form[ask].data, actor=current_actor(), now=clock.now()))
        except Busy:
            raise
        except Refusal as refusal:
            form.refuse(refusal, ask)
    linking = identity.decision.verdict is Verdict.ENROL
    return page("auth/again.html", form, ask=ask, email=identity.user.email, linking=linking)


@blueprint.get("/login/help", endpoint="help")
@public
def lost_app() -> str:
    """What to do when the authentication app is lost."""
    return render_template("auth/help.html")


@blueprint.post("/logout")
@admits(*Verdict)
def logout() -> Response:
    """End the session, on the server too."""
    login.log_out(current_identity(), actor=current_actor())
    session.clear()
    take_back_session()
    return redirect(url_for("auth.login"))


def let_in(signed_in: SignedIn) -> Response:
    """Hand the new token over, with a new CSRF token, and go on; the gate decides where that really leads."""
    session.clear()
    hand_over(signed_in)
    if signed_in.wrong_codes >= login.WARN_AFTER:
        flash(
            _(
                "Before this, %(number)s wrong codes were entered for your account. If that was not you, "
                "somebody has your password: please change it.",
                number=signed_in.wrong_codes,
            ),
            "warning",
        )
    return redirect(next_page())


def _is_stopped() -> bool:
    authenticator = current_identity().person.authenticator
    return authenticator is not None and authenticator.stopped_at is not None
