"""Log out."""

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.core.login.logout import log_out
from mfa_app.core.policy.decision import Verdict
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.cookies import clear_session_cookie
from mfa_app.web.security.current import current_actor, current_identity


@blueprint.post("/logout")
@admits(*Verdict)
def logout() -> ResponseReturnValue:
    """End the session, on the server as well."""
    log_out(current_identity(), actor=current_actor())
    session.clear()
    clear_session_cookie()
    return redirect(url_for("auth.login"))
