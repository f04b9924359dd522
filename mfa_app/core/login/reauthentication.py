"""Proving oneself again within a session, before pages that can change security."""

from datetime import datetime

from mfa_app.core.audit.events import AnsweredFor, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import lock_user
from mfa_app.core.login import code_step
from mfa_app.core.passwords import attempts
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters


def confirm_by_code(identity: Identity, code: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Reauthenticate by code, or by passkey, within a session, as changes of security require.

    Raises NotACode, PasskeyRequired, WrongCode, ExplainedCode, UsedCode, PasskeyRefused, Throttled,
    AuthenticatorLocked, SessionEnded.
    """
    return code_step.check_code(identity, code, purpose=AnsweredFor.CONFIRMATION, actor=actor, now=now)


def confirm_by_password(identity: Identity, password: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Reauthenticate by password, for a user without a second factor.

    Raises WrongPassword, Throttled, PasswordLocked, HashingQueueFull, SessionEnded.
    """
    charged = attempts.check_own_password(identity.user, password, actor=actor, now=now)
    lock_user(identity.user)
    counters.reset_after_success(charged)
    sessions.require(identity.session)
    record(Event.PASSWORD_ACCEPTED, actor=actor, subject=identity.user)
    token, session = sessions.elevate(identity.session, actor=actor, now=now)
    return SignedIn(token, session, identity.user, verdict=identity.decision.verdict)
