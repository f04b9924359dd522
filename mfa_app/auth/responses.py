"""How each successful login step is answered."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import waiting_token
from mfa_app.core.common import clock
from mfa_app.core.login import code_step
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.gate import to_open_page
from mfa_app.wording.ended_access import why_ended


def signed_in_response(signed_in: SignedIn) -> ResponseReturnValue:
    """Set the new session cookie with a new CSRF token, and redirect to the page that is open now."""
    waiting_token.empty_form_cookie_for(signed_in.user)
    issue_cookies(signed_in)
    if signed_in.ended is not None:
        flash(why_ended(signed_in.ended, clock.now()), "info")
    if signed_in.wrong_codes >= code_step.WARN_AFTER:
        flash(
            _(
                "Before this login, %(number)s wrong codes were entered for your account. "
                "If that wasn't you, someone has your password: change it now.",
                number=signed_in.wrong_codes,
            ),
            "warning",
        )
    if signed_in.recovered:
        return redirect(url_for("account.recovered", next=request.args.get("next")))
    return to_open_page(signed_in.verdict)
