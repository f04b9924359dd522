"""One's own recovery codes: a set is made and shown once; and what to do after one was used."""

from urllib.parse import quote

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.core.common import clock
from mfa_app.core.factors import recovery_codes
from mfa_app.core.policy.decision import needs_passkey
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.web.http.redirects import next_page
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.passkeys import works_here


@blueprint.route("/account/recovery-codes", methods=["GET", "POST"])
@requires_recent_auth
def recovery_code_set() -> ResponseReturnValue:
    """Make a set of recovery codes and show it, this once; before that, say what they are for.

    Where only passkeys count, such codes open nothing, so none are offered.
    """
    identity = current_identity()
    if not identity.subject.facts.linked or needs_passkey(identity.subject.facts, now=clock.now()):
        return redirect(next_page("account.overview"))
    codes: tuple[str, ...] = ()
    if request.method == "POST":
        codes = recovery_codes.make_set(identity, actor=current_actor(), now=clock.now())
    return render_template(
        "account/recovery_codes.html",
        codes=codes,
        left=recovery_codes.left(identity.user),
        whose=_whose(identity.user.email),
        file=_as_file(identity.user.email, codes),
        onward=next_page("account.overview"),
        offer_passkey=works_here() and not identity.subject.passkeys,
    )


def _as_file(email: str, codes: tuple[str, ...]) -> str:
    """Return a text with the codes as an address that the browser saves without asking the site again."""
    return "data:text/plain;charset=utf-8," + quote("\r\n".join([_whose(email), "", *codes, ""]))


def _whose(email: str) -> str:
    return _("Recovery codes for %(email)s at %(site)s", email=email, site=site()[Settings].issuer)


@blueprint.get("/account/recovered")
def recovered() -> ResponseReturnValue:
    """Ask somebody who has used a recovery code whether the app is lost."""
    identity = current_identity()
    if not identity.subject.facts.linked:
        return redirect(url_for("account.overview"))
    return render_template(
        "account/recovered.html",
        left=recovery_codes.left(identity.user),
        apps=identity.subject.authenticators,
        onward=next_page(),
    )
