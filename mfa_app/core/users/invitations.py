"""Invitations: a mailed one-time link with which a new user chooses a password and is logged in."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AccountDisabled, PasswordChosen
from mfa_app.core.common.locks import begin_change, lock_and_reload, lock_user_who_logs_in
from mfa_app.core.common.permissions import Permission
from mfa_app.core.common.tokens import digest
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.passwords import reset_by_mail
from mfa_app.core.policy import facts, subject_facts
from mfa_app.core.policy.decision import PolicyFacts, Reason, Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.extensions import db
from mfa_app.models import Invitation, OneTimeLink, User


class Phone(enum.StrEnum):
    """What an invitation says about the second factor that its owner must, or may, set up."""

    NOT_NEEDED = ""
    OPTIONAL = "optional"
    LATER = "later"
    AT_ONCE = "at once"
    PASSKEY_AT_ONCE = "passkey at once"


class State(enum.Enum):
    """How far an invitation has come: the first of these that is so."""

    ACCEPTED = "accepted"
    ENDED = "ended with all other access"
    REFUSED = "refused by the mail server"
    EXPIRED = "expired"
    OPENED = "opened"
    WAITING = "waiting to be sent"
    SENT = "sent"


@dataclass(frozen=True)
class Sender:
    """Who invites, as the invitation names them. Nobody if the terminal did it, or the site."""

    name: str = ""
    user_id: int | None = None


def of_user(user: User) -> Invitation | None:
    """Return the last invitation of a user who has chosen no password yet."""
    return db.session.get(Invitation, user.id) if user.password_hash is None else None


def state_of(invitation: Invitation, user: User, *, now: datetime) -> State:
    """Return how far the invitation of this user has come."""
    if invitation.used_at is not None:
        return State.ACCEPTED
    if invitation.security_stamp != user.security_stamp:
        return State.ENDED
    if user.email_refused_at is not None and user.email_refused_at >= invitation.sent_at:
        return State.REFUSED
    if invitation.expires_at <= now:
        return State.EXPIRED
    if invitation.opened_at is not None:
        return State.OPENED
    return State.WAITING if invitation.mailed_at is None else State.SENT


def invite(user: User, *, actor: Actor, now: datetime, shown: bool = False) -> str:
    """Mail the user a one-time link to choose a password; return its token. Earlier links stop working.

    `shown`: the actor will see the link. Raises SessionEnded, AccountDisabled, PasswordChosen, and
    NotAllowed: the help desk sees no link, and invites only those whom an administrator has invited before.
    The invitation stays that administrator's: the email names who made the account, and if it expires, who
    can say whether the person still comes is asked for the next.
    """
    begin_change(actor, Permission.INVITE_AGAIN, user)
    earlier = db.session.get(Invitation, user.id, populate_existing=True)
    actor.require(_permission_to_invite(earlier, shown=shown), user)
    if not is_invitable(user, now):
        raise PasswordChosen if user.is_open(now) else AccountDisabled
    if earlier is None or actor.may(Permission.MANAGE_USERS):
        return mail_to(user, actor=actor, now=now)
    sender = Sender(earlier.sender, earlier.sender_id)
    return mail_to_all([user], sender=sender, actor=actor, now=now)[user.id]


def may_invite(actor: Actor, user: User, earlier: Invitation | None, *, shown: bool, now: datetime) -> bool:
    """Return True if `invite` would do it. `earlier` is the user's last invitation."""
    allowed = actor.may(_permission_to_invite(earlier, shown=shown)) and actor.may_act_on(user)
    return allowed and is_invitable(user, now)


def invite_many(users: Iterable[User], *, actor: Actor, now: datetime) -> dict[int, str]:
    """Do the same for some hundred users at most; return a token for each id.

    Those who aren't invitable get nothing. Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    waiting = []
    for user in sorted(users, key=lambda user: user.id):  # so that two of these can't wait for each other
        lock_and_reload(user)
        if is_invitable(user, now):
            actor.require(Permission.MANAGE_USERS, user)
            waiting.append(user)
    return mail_to_all(waiting, actor=actor, now=now)


def mail_to(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail the invitation within a change that has begun; return its token."""
    return mail_to_all([user], actor=actor, now=now)[user.id]


def mail_to_all(
    users: list[User], *, actor: Actor, now: datetime, sender: Sender | None = None
) -> dict[int, str]:
    """Mail invitations within a change that has begun; return a token for each user's id.

    They are from `sender`, or else from whoever acts.
    """
    db.session.flush()
    subjects = facts.find_subjects_by_id([user.id for user in users])
    of_user = {subject.user.id: subject.facts for subject in subjects}
    sender = sender or _sender(actor)
    return {user.id: _mail(user, of_user[user.id], sender, actor=actor, now=now) for user in users}


def is_invitable(user: User, now: datetime) -> bool:
    """Return True if this user can get in once a password is chosen, and has none."""
    return user.is_open(now) and user.password_hash is None


def note_opened(user: User, *, now: datetime) -> None:
    """Note that someone has tried to choose a password with the user's invitation.

    Opening its page notes nothing: programs that look for malware open links too, but they send no forms.
    """
    untouched = update(Invitation).where(Invitation.user_id == user.id, Invitation.opened_at.is_(None))
    db.session.execute(untouched.values(opened_at=now))


def accept(link: OneTimeLink, user: User, password: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Choose a password through an invitation, use it up, and start a session.

    The session goes where a login would: to linking, to the code page, or in. A first app may be linked in
    it, because the link proves more than a password. Raises OneTimeLinkExpired, UnacceptablePassword,
    Throttled, HashingQueueFull.
    """
    reset_by_mail.choose_password(link, user, password, actor=actor, now=now)
    verdict, linked = _verdict(user, now)
    actor = as_user(actor, user)
    token, session = sessions.start(
        user, actor=actor, now=now, from_link=not linked, challenged=verdict is Verdict.CHALLENGE
    )
    if verdict is Verdict.ALLOW:
        lock_user_who_logs_in(user, second_factor=False, now=now)
        record(Event.LOGIN_COMPLETED, actor=actor, subject=user, method="invitation")
    return SignedIn(token, session, user, verdict=verdict)


def phone_for(known: PolicyFacts, *, now: datetime) -> tuple[Phone, datetime | None]:
    """Return what an invited user needs a phone or passkey for, and by when if that is later."""
    decision = decide(known, shown=Level.PASSWORD, from_link=True, now=now)
    if known.linked or decision.because.reason is Reason.EXEMPT:
        return Phone.NOT_NEEDED, None
    if decision.verdict is Verdict.ALLOW:
        return (Phone.LATER, decision.enrol_by) if decision.enrol_by else (Phone.OPTIONAL, None)
    return Phone.PASSKEY_AT_ONCE if decision.verdict is Verdict.ADD_PASSKEY else Phone.AT_ONCE, None


def queue_mail(
    mail: outbox.Mail, invitation: Invitation, user: User, known: PolicyFacts, token: str, *, now: datetime
) -> None:
    """Queue the invitation, or the reminder of it, with all that its owner needs to know."""
    phone, by = phone_for(known, now=now)
    outbox.enqueue(
        mail,
        user,
        now=now,
        token=token,
        email=user.email,
        sender=invitation.sender,
        until=invitation.expires_at.isoformat(),
        phone=phone.value,
        phone_by=(by - timedelta.resolution).isoformat() if by else None,  # within the last day
    )


def _mail(user: User, known: PolicyFacts, sender: Sender, *, actor: Actor, now: datetime) -> str:
    token = one_time_links.create(Purpose.INVITATION, user, actor=actor, now=now)
    invitation = Invitation(
        user_id=user.id,
        digest=digest(token),
        reminder_digest=None,
        security_stamp=user.security_stamp,
        sender=sender.name,
        sender_id=sender.user_id,
        sent_at=now,
        expires_at=now + LIFETIME[Purpose.INVITATION],
        mailed_at=None,
        opened_at=None,
        asked_at=None,
        used_at=None,
    )
    db.session.merge(invitation)
    queue_mail(outbox.Mail.INVITATION, invitation, user, known, token, now=now)
    record(Event.USER_INVITED, actor=actor, subject=user)
    return token


def _permission_to_invite(earlier: Invitation | None, *, shown: bool) -> Permission:
    return Permission.MANAGE_USERS if earlier is None or shown else Permission.INVITE_AGAIN


def _sender(actor: Actor) -> Sender:
    """Return the administrator who acts; nobody for the terminal and the site."""
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    return Sender(user.name, user.id) if user else Sender()


def _verdict(user: User, now: datetime) -> tuple[Verdict | None, bool]:
    """Return what a session from the invitation opens, and whether the user has a second factor."""
    subject = subject_facts.find_by_id(user.id)
    if subject is None:  # never: the user's row is locked
        return None, False
    known = subject.facts
    decision = decide(known, shown=Level.PASSWORD, from_link=not known.linked, now=now)
    return decision.verdict, known.linked
