"""The second gate by passkey: the question to it, and its answer, at login and to confirm."""

from flask import Response, abort, current_app, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.responses import signed_in_response
from mfa_app.auth.second_gate import answer_challenge, confirm
from mfa_app.core.common import clock
from mfa_app.core.factors import passkeys
from mfa_app.core.login import passkey_step
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.web.security.access_rules import admits, public
from mfa_app.web.security.cookies import browser_facts
from mfa_app.web.security.current import current_actor, current_identity, identity_or_none
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals
from mfa_app.web.ui.passkeys import PasskeyForm, alone_somewhere


@blueprint.get("/login/passkey/question")
@admits(Verdict.CHALLENGE, Verdict.ALLOW)
def passkey_question() -> Response:
    """Return what to ask the user's passkeys, for the script of the page."""
    return jsonify(passkeys.question(current_identity(), now=clock.now()))


@blueprint.post("/login/passkey")
@admits(Verdict.CHALLENGE, Verdict.ALLOW)
def answer_by_passkey() -> ResponseReturnValue:
    """The code step, or the confirmation, with the answer of a passkey."""
    form, identity = PasskeyForm(), current_identity()
    at_login = identity.decision.verdict is Verdict.CHALLENGE
    if form.validate_on_submit():
        with flash_refusals():
            return signed_in_response(_pass(form, identity, at_login=at_login))
    form.flash_errors()
    page = "auth.code" if at_login else "auth.reauthenticate"
    return redirect(url_for(page, next=request.args.get("next")))


@blueprint.get("/login/passkey-alone/question")
@public
def question_to_anyone() -> Response:
    """Return what to ask a passkey that logs in alone: it names nobody, and is the same for all."""
    if not alone_somewhere():
        abort(404)
    return jsonify(passkeys.question_to_anyone(now=clock.now()))


@blueprint.post("/login/passkey-alone")
@public
def login_by_passkey() -> ResponseReturnValue:
    """Log in with a passkey alone, without the password."""
    form = PasskeyForm()
    if form.validate_on_submit():
        with flash_refusals():
            return signed_in_response(_sign_in(form))
    form.flash_errors()
    return redirect(url_for("auth.login", next=request.args.get("next")))


def _sign_in(form: PasskeyForm) -> SignedIn:
    return passkey_step.sign_in_by_passkey(
        entered(form.credential.data),
        browser=browser_facts(),
        replaces=identity_or_none(),
        actor=current_actor(),
        now=clock.now(),
    )


@blueprint.get("/.well-known/passkey-endpoints")
@public
def passkey_endpoints() -> Response:
    """Tell password managers where passkeys are added and managed."""
    address = current_app.config["SETTINGS"].public_url + url_for("account.overview")
    return jsonify(enroll=address, manage=address)


def _pass(form: PasskeyForm, identity: Identity, *, at_login: bool) -> SignedIn:
    answer = entered(form.credential.data)
    if at_login:
        return answer_challenge(identity, answer, remember=bool(form.remember.data))
    return confirm(identity, answer)
