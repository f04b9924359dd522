"""The lock that users put on their own account, and what it ends."""

from datetime import datetime

from sqlalchemy import update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change, lock_user
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.core.sessions.sessions import Identity
from mfa_app.models import OneTimeLink, User
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import AnyUser


def lock_own(identity: Identity, *, actor: Actor, now: datetime) -> int:
    """Lock the account of a user who is logged in, and revoke all access. Raises SessionEnded.

    Return the user's security stamp. No fresh code is asked for: somebody else may have taken the app, and a
    lock gives nobody anything.
    """
    lock_user(identity.user)
    sessions.require(identity.session)
    return _lock(identity.user, way="own page", actor=actor, now=now)


def lock_by_link(link: OneTimeLink, user: User, *, actor: Actor, now: datetime) -> int:
    """Lock the account of the user who got a link by email, revoke all access, and use the link up.

    Return the user's security stamp. Raises OneTimeLinkExpired.
    """
    lock_user(user)
    one_time_links.consume(link)
    return _lock(user, way="mailed link", actor=actor, now=now)


def lock_for(user: User, *, actor: Actor, now: datetime) -> None:
    """Lock the account of a user who asks for it at the terminal, and revoke all access.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS, user)
    _lock(user, way="terminal", actor=actor, now=now)


def _lock(user: AnyUser, *, way: str, actor: Actor, now: datetime) -> int:
    """Lock an account unless it is locked. Even the last administrator's: the terminal can open it."""
    locked = update(User).where(User.id == user.id, User.account_locked_at.is_(None))
    if rows_changed(locked.values(account_locked_at=now)) != 1:
        return user.security_stamp
    record(Event.ACCOUNT_LOCKED, actor=actor, subject=user, way=way)
    stamp = revoke_access(user, because=RevocationReason.ACCOUNT_LOCKED, actor=actor)
    outbox.notify(outbox.Mail.ACCOUNT_LOCKED, user, actor=actor, now=now)
    return stamp
