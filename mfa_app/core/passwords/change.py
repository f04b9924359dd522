"""Setting a password: on the user's own page or from the terminal."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import HashingQueueFull, Throttled, UnacceptablePassword
from mfa_app.core.common.locks import lock_user
from mfa_app.core.mail import outbox
from mfa_app.core.passwords import attempts, hashing, strength
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, kept, revoke_access
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import Invitation, User
from mfa_app.models.row_facts import AnyUser, SessionFacts


def hash_new(password: str, email: str, name: str) -> str:
    """Return the hash of a new password if it is acceptable for this user.

    Call this before the first write, because judging and hashing take long. Raises UnacceptablePassword,
    HashingQueueFull.
    """
    with hashing.admission():
        strength.check_acceptable(password, own_names=[email, email.partition("@")[0], name])
        return hashing.hash_password(password)


def hash_own(user: AnyUser, password: str, *, now: datetime) -> str:
    """Do the same for a user who chooses the password, and who may try only so often.

    Raises UnacceptablePassword, HashingQueueFull, Throttled.
    """
    charged = counters.charge(limits.NEW_PASSWORDS, user.id, now=now)
    try:
        return hash_new(password, user.email, user.name)
    except HashingQueueFull:
        counters.undo(charged)
        raise


def change_own(identity: Identity, password: str, *, current: str, actor: Actor, now: datetime) -> SignedIn:
    """Set a new password for a user who enters the current one too; revoke all other access.

    Raises WrongPassword, UnacceptablePassword, HashingQueueFull, Throttled, PasswordLocked, SessionEnded.
    """
    user, session = identity.user, identity.session
    charged = attempts.check_own_password(user, current, actor=actor, now=now)
    try:
        hashed = hash_own(user, password, now=now)
    except (UnacceptablePassword, HashingQueueFull, Throttled):
        counters.reset_after_success(charged)
        db.session.commit()  # whatever the answer is: the current password was right
        raise
    lock_user(user)
    counters.reset_after_success(charged)
    sessions.require(session)
    stamp = store_password(user, hashed, way="own page", except_session=session, actor=actor, now=now)
    token, session = sessions.elevate(kept(session, stamp), actor=actor, now=now)
    return SignedIn(token, session, replace(user, password_hash=hashed, security_stamp=stamp))


def set_from_terminal(user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Set a password from the command line and revoke all access.

    Raises UnacceptablePassword, HashingQueueFull.
    """
    hashed = hash_new(password, user.email, user.name)
    store_password(user, hashed, way="terminal", except_session=None, actor=actor, now=now)


def store_password(
    user: AnyUser, hashed: str, *, way: str, except_session: SessionFacts | None, actor: Actor, now: datetime
) -> int:
    """Set the password and revoke all other access. The user is told of a change, not of a first password,
    which only uses up the invitation.

    Return the new security stamp, under which `except_session` goes on.
    """
    first = user.password_hash is None
    db.session.execute(update(User).where(User.id == user.id).values(password_hash=hashed))
    record(Event.PASSWORD_CHANGED, actor=actor, subject=user, way=way)
    reason = RevocationReason.PASSWORD_CHANGED
    stamp = revoke_access(user, because=reason, actor=actor, except_session=except_session)
    if first:
        invited = update(Invitation).where(Invitation.user_id == user.id)
        db.session.execute(invited.values(used_at=now))
    else:
        outbox.notify(outbox.Mail.PASSWORD_CHANGED, user, actor=actor, now=now)
    return stamp
