"""Invitations: a mailed one-time link with which a new user chooses a password."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AccountDisabled, PasswordChosen
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.models import User


def saved_as(user: User) -> str:
    """Return the name of the file that the user's last invitation becomes where there is no mail server."""
    mail = outbox.newest(outbox.Mail.INVITATION, user)
    return outbox.file_name(mail) if mail else ""


def invite(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail the user a one-time link to choose a password; return its token.

    Raises NotAllowed, AccountDisabled, PasswordChosen.
    """
    actor.require(Permission.MANAGE_USERS, user)
    _require_invitable(user)
    token = one_time_links.create(Purpose.INVITATION, user, actor=actor, now=now)
    hours = int(LIFETIME[Purpose.INVITATION].total_seconds() // 3600)
    outbox.enqueue(outbox.Mail.INVITATION, user, now=now, token=token, hours=hours)
    record(Event.USER_INVITED, actor=actor, subject=user)
    return token


def _require_invitable(user: User) -> None:
    """Raise AccountDisabled or PasswordChosen: only an account without a password waits for a link."""
    if not user.is_active:
        raise AccountDisabled
    if user.password_hash is not None:
        raise PasswordChosen
