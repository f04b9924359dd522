"""One's own passkeys: adding one, naming it and removing it."""

from flask import Response, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.account.forms import PasskeyNameForm
from mfa_app.core.common import clock
from mfa_app.core.factors import passkey_setup, passkeys
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.web.http.redirects import next_page
from mfa_app.web.security.access_rules import admits, requires_recent_auth
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals, render_form
from mfa_app.web.ui.passkeys import PasskeyForm, passkey_origin, works_here
from mfa_app.wording.policy import why_passkey


@blueprint.route("/account/passkeys", methods=["GET", "POST"])
@admits(Verdict.ENROL, Verdict.ADD_PASSKEY, Verdict.ALLOW)
@requires_recent_auth
def add_passkey() -> ResponseReturnValue:
    """Say what a passkey is, and add one."""
    form, identity = PasskeyForm(), current_identity()
    if form.validate_on_submit():
        with flash_refusals():
            return _register(identity, entered(form.credential.data))
    if form.is_submitted():
        form.flash_errors()
        return redirect(url_for("account.add_passkey", next=request.args.get("next")))
    return render_form(
        "account/passkey_add.html",
        form,
        works=works_here(),
        elsewhere=passkey_origin(),
        onward=next_page("account.overview"),
        needed=_needed(identity),
        full=not passkey_setup.may_add(passkeys.of_user(identity.user)),
    )


def _register(identity: Identity, answer: str) -> ResponseReturnValue:
    issue_cookies(passkey_setup.register(identity, answer, actor=current_actor(), now=clock.now()))
    flash(_added(), "success")
    return redirect(next_page("account.overview"))


def _needed(identity: Identity) -> str | None:
    """Return why no other page opens before there is a passkey, or None."""
    demand = identity.decision.passkey
    return why_passkey(demand) if demand and identity.decision.verdict is Verdict.ADD_PASSKEY else None


def _added() -> str:
    return _(
        "The passkey is added: from now on, it works in place of a code. "
        "You've been logged out everywhere else, and your remembered devices are removed."
    )


@blueprint.get("/account/passkeys/question")
@admits(Verdict.ENROL, Verdict.ADD_PASSKEY, Verdict.ALLOW)
@requires_recent_auth
def new_passkey_question() -> Response:
    """Return what to ask an authenticator for, for the script of the page."""
    return jsonify(passkey_setup.begin(current_identity(), now=clock.now()))


@blueprint.route("/account/passkeys/<random:passkey_id>/name", methods=["GET", "POST"])
@requires_recent_auth
def rename_passkey(passkey_id: str) -> ResponseReturnValue:
    """Give one of the user's passkeys another name."""
    identity = current_identity()
    passkey = passkey_setup.own_passkey(identity, passkey_id)
    form = PasskeyNameForm(name=passkey.name)
    if form.validate_on_submit():
        with form.refusing():
            passkey_setup.rename(identity, passkey_id, entered(form.name.data), actor=current_actor())
            flash(_("Name saved."), "success")
            return redirect(url_for("account.overview"))
    return render_form("account/name.html", form, passkey=True)


@blueprint.post("/account/passkeys/<random:passkey_id>/remove")
@requires_recent_auth
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    """Remove one of the user's passkeys: the last second factor only if no policy requires one."""
    with flash_refusals():
        identity = current_identity()
        issue_cookies(passkey_setup.remove(identity, passkey_id, actor=current_actor(), now=clock.now()))
        flash(
            _(
                "The passkey is removed, and no longer works here. You can delete it on your device, too. "
                "You've been logged out everywhere else, and your remembered devices are removed."
            ),
            "success",
        )
    return redirect(url_for("account.overview"))
