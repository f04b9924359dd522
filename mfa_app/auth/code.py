"""The page “2-factor authentication”: a code of the authentication app, or one of the recovery codes."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import CodeForm, RecoveryForm
from mfa_app.auth.responses import signed_in_response
from mfa_app.auth.second_gate import answer_challenge, confirm
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_identity
from mfa_app.web.ui.blank_forms import blank_form, is_blank
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form
from mfa_app.web.ui.passkeys import passkey_words, refusing_codes, ways_of
from mfa_app.wording.labels import entry_in_app


@blueprint.route("/login/code", methods=["GET", "POST"])
@admits(Verdict.CHALLENGE)
def code() -> ResponseReturnValue:
    """The code step: a code from the authentication app."""
    identity = current_identity()
    stopped = identity.user.factors_locked_at is not None
    if is_blank() and not stopped:
        return blank_form("auth/code.html", CodeForm, _words(identity), **_ways(identity), stopped=False)
    form = CodeForm()
    if form.validate_on_submit():
        with refusing_codes(form, identity):
            answer, remember = entered(form.code.data), bool(form.remember.data)
            return signed_in_response(answer_challenge(identity, answer, remember=remember))
    if request.method == "POST" and not ways_of(identity)["app"]:
        return redirect(url_for("auth.code", next=request.args.get("next")))
    return render_form("auth/code.html", form, **_words(identity), **_ways(identity), stopped=stopped)


def _ways(identity: Identity) -> dict[str, int | bool]:
    """Return what this page offers, and for how many days a device can be remembered."""
    break_glass = may(identity.user.role, Permission.BREAK_GLASS)
    return {
        "remember_days": identity.decision.remember_days,
        "break_glass": break_glass,
        **ways_of(identity),
    }


def _words(identity: Identity) -> dict[str, str]:
    return {
        "email": identity.user.email,
        "entry": entry_in_app(identity.subject.authenticators),
        "recovery_url": url_for("auth.recovery_code", next=request.args.get("next")),
        "lost_url": url_for("auth.ask_for_reset", next=request.args.get("next")),
        "break_glass_url": url_for("auth.break_glass", next=request.args.get("next")),
        **passkey_words(identity),
    }


@blueprint.route("/login/recovery-code", methods=["GET", "POST"])
@admits(Verdict.CHALLENGE, Verdict.ALLOW, Verdict.ADD_PASSKEY)
def recovery_code() -> ResponseReturnValue:
    """The code step, or the confirmation, for somebody without the app: one of the recovery codes."""
    form, identity = RecoveryForm(), current_identity()
    at_login = identity.decision.verdict is Verdict.CHALLENGE
    with_other = url_for("auth.code" if at_login else "auth.reauthenticate", next=request.args.get("next"))
    stopped, no_codes = identity.user.factors_locked_at is not None, ways_of(identity)["passkey_only"]
    if stopped or no_codes or not identity.subject.facts.linked:
        return redirect(with_other)
    if form.validate_on_submit():
        with form.refusing():
            answer = entered(form.code.data)
            return signed_in_response((answer_challenge if at_login else confirm)(identity, answer))
    words = {"email": identity.user.email, "back": with_other, "at_login": at_login}
    return render_form("auth/recovery_code.html", form, **words, app=bool(identity.subject.authenticators))
