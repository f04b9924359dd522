"""Locking one's own account."""

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from mfa_app.account import blueprint
from mfa_app.core.common import clock
from mfa_app.core.users import account_lock
from mfa_app.web.security.cookies import clear_session_cookie, note_own_change
from mfa_app.web.security.current import current_actor, current_identity


@blueprint.post("/account/lock")
def lock_account() -> ResponseReturnValue:
    """Lock the account until the help desk opens it. This is urgent, so no fresh code is asked for."""
    identity = current_identity()
    stamp = account_lock.lock_own(identity, actor=current_actor(), now=clock.now())
    note_own_change(identity.user, stamp)
    session.clear()
    clear_session_cookie()
    return redirect(url_for("auth.account_locked"))
