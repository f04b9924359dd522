"""Invitations: a mailed one-time link with which a new user chooses a password."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AccountDisabled, PasswordChosen
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.passwords import reset_by_mail
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.models import OneTimeLink, User


def saved_as(user: User) -> str:
    """Return the name of the file that the user's last invitation becomes where there is no mail server."""
    mail = outbox.newest(outbox.Mail.INVITATION, user)
    return outbox.file_name(mail) if mail else ""


def invite(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail the user a one-time link to choose a password; return its token.

    Raises NotAllowed, SessionEnded, AccountDisabled, PasswordChosen.
    """
    begin_change(actor, Permission.MANAGE_USERS, user)
    _require_invitable(user, now)
    return mail_to(user, actor=actor, now=now)


def mail_to(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail the invitation within a change that has begun; return its token."""
    token = one_time_links.create(Purpose.INVITATION, user, actor=actor, now=now)
    hours = int(LIFETIME[Purpose.INVITATION].total_seconds() // 3600)
    outbox.enqueue(outbox.Mail.INVITATION, user, now=now, token=token, hours=hours)
    record(Event.USER_INVITED, actor=actor, subject=user)
    return token


def accept(link: OneTimeLink, user: User, password: str, *, actor: Actor, now: datetime) -> SignedIn | None:
    """Choose a password through an invitation and use it up.

    Administrators and the help desk go on to linking an app in the session returned, because their password
    alone doesn't permit it. Everyone else gets None and logs in. Raises OneTimeLinkExpired,
    UnacceptablePassword, Throttled, HashingQueueFull.
    """
    reset_by_mail.choose_password(link, user, password, actor=actor, now=now)
    if not user.is_privileged:
        return None
    token, session = sessions.start(user, actor=as_user(actor, user), now=now, from_link=True)
    identity = sessions.find(token, now=now)
    verdict = identity.decision.verdict if identity else None
    if verdict not in (Verdict.ENROL, Verdict.ADD_PASSKEY):  # there is a second factor, which is asked for
        sessions.end(session.id)
        return None
    return SignedIn(token, session, user, verdict=verdict)


def _require_invitable(user: User, now: datetime) -> None:
    """Raise AccountDisabled or PasswordChosen: only an account without a password waits for a link."""
    if not user.is_open(now):
        raise AccountDisabled
    if user.password_hash is not None:
        raise PasswordChosen
