"""Ending one's own sessions."""

from flask import abort, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.core.login.logout import log_out_elsewhere, log_out_everywhere
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.cookies import clear_session_cookie, note_own_change
from mfa_app.web.security.current import current_actor, current_identity


@blueprint.post("/account/sessions/<random:session_id>/end")
@requires_recent_auth
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of the user's other sessions."""
    if not log_out_elsewhere(current_identity(), session_id, actor=current_actor()):
        abort(404)
    flash(_("Session logged out."), "success")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/sessions/end")
@requires_recent_auth
def end_sessions() -> ResponseReturnValue:
    """End all of the user's sessions, this one too, and revoke all remembered devices."""
    identity = current_identity()
    note_own_change(identity.user, log_out_everywhere(identity, actor=current_actor()))
    session.clear()
    clear_session_cookie()
    flash(_("You've been logged out everywhere."), "success")
    return redirect(url_for("auth.login"))
