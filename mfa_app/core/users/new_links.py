"""Invitations that have expired: their owners ask for a new link, and who sent the invitation is told.

Nothing here opens an account. Whether the person still comes is for somebody of the company to say.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.common.tokens import digest
from mfa_app.core.mail import outbox
from mfa_app.core.users.invitations import State, is_invitable, state_of
from mfa_app.extensions import db
from mfa_app.models import Invitation, Role, User
from mfa_app.models.database import rows_changed

ONCE_IN = timedelta(days=1)


@dataclass(frozen=True)
class Expired:
    """An invitation that has expired, with its owner."""

    invitation: Invitation
    user: User


def find_expired(token: str, *, now: datetime) -> Expired | None:
    """Return the invitation that this token opened until it expired, if its owner still waits for one.

    Tokens that open something, or never did, find nothing, and neither do those of an invitation that was
    used, ended or replaced.
    """
    if not token:
        return None
    of_token = or_(Invitation.digest == digest(token), Invitation.reminder_digest == digest(token))
    found = db.session.execute(
        select(Invitation, User).join(User, User.id == Invitation.user_id).where(of_token)
    ).one_or_none()
    if found is None or not _waits(found.Invitation, found.User, now):
        return None
    return Expired(found.Invitation, found.User)


def ask(token: str, *, actor: Actor, now: datetime) -> str:
    """Note that the owner of an expired invitation wants a new link, and mail whoever sent it, once a day.

    Return the name of the administrator who is told; nothing if that one has left, or it was the terminal.
    Raises OneTimeLinkExpired for a token that finds no such invitation.
    """
    found = find_expired(token, now=now)
    if found is None:
        raise OneTimeLinkExpired
    invitation, user, sender = found.invitation, found.user, _sender_of(found.invitation, now)
    not_lately = or_(Invitation.asked_at.is_(None), Invitation.asked_at <= now - ONCE_IN)
    same = Invitation.user_id == user.id, Invitation.digest == invitation.digest
    asked = update(Invitation).where(*same, Invitation.used_at.is_(None), not_lately).values(asked_at=now)
    if rows_changed(asked) == 1:
        if sender is not None:
            mail = outbox.Mail.NEW_LINK_WANTED
            outbox.enqueue(mail, sender, now=now, person=user.name, email=user.email, person_id=user.id)
        record(Event.NEW_LINK_WANTED, actor=actor, subject=user)
    return sender.name if sender else ""


def require_true(user_id: int, *, now: datetime) -> None:
    """Raise NoLongerTrue unless this user still waits for a new link."""
    invitation, user = db.session.get(Invitation, user_id), db.session.get(User, user_id)
    if invitation is None or user is None or invitation.asked_at is None or not _waits(invitation, user, now):
        raise outbox.NoLongerTrue


def _waits(invitation: Invitation, user: User, now: datetime) -> bool:
    return is_invitable(user, now) and state_of(invitation, user, now=now) is State.EXPIRED


def _sender_of(invitation: Invitation, now: datetime) -> User | None:
    """Return who sent the invitation, if that is somebody who can send another one."""
    sender = db.session.get(User, invitation.sender_id) if invitation.sender_id else None
    able = sender and sender.is_open(now) and may(Role(sender.role), Permission.MANAGE_USERS)
    return sender if able else None
