"""Ending one's own sessions."""

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.core.sessions.sessions import Identity


def log_out(identity: Identity, *, actor: Actor) -> None:
    """End this session on the server, unless a concurrent request has ended it."""
    if sessions.end(identity.session.id):
        record(Event.LOGGED_OUT, actor=actor, subject=identity.user)


def log_out_elsewhere(identity: Identity, session_id: str, *, actor: Actor) -> bool:
    """End one of the user's own sessions. Return False if there is no such session."""
    ended = sessions.end(session_id, user=identity.user)
    if ended:
        ends = {"count": ended, "because": EndReason.LOGGED_OUT}
        record(Event.SESSIONS_ENDED, actor=actor, subject=identity.user, **ends)
    return bool(ended)


def log_out_everywhere(identity: Identity, *, actor: Actor) -> int:
    """End all of the user's sessions, this one included, and revoke the remembered devices.

    Return the new security stamp.
    """
    return revoke_access(identity.user, because=RevocationReason.LOGGED_OUT_EVERYWHERE, actor=actor)
