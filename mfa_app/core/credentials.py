"""How a person comes to a password: by invitation, by a mailed reset, or by changing the present one."""

from datetime import datetime

from sqlalchemy import select

from mfa_app.core import addresses, links, mail, passwords, permissions, sessions, throttle
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import Busy, Throttled
from mfa_app.core.links import LIFETIME, Purpose
from mfa_app.core.login import SignedIn
from mfa_app.core.permissions import Permission
from mfa_app.core.revocation import Because, one_change_at_a_time, revoke_access
from mfa_app.core.sessions import Identity
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Link, User


def hash_new(password: str, email: str, name: str) -> str:
    """Return the hash of a new password, if it is acceptable for this person.

    Raises UnacceptablePassword, Busy.
    """
    with passwords.place():
        passwords.check_acceptable(password, own_names=[email, email.partition("@")[0], name])
        return passwords.hash_password(password)


def invite(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail the person a link at which a password is chosen; return the link's token. Raises NotAllowed."""
    permissions.require(actor, Permission.MANAGE_PEOPLE, user)
    token = links.make(Purpose.INVITATION, user, now=now)
    hours = int(LIFETIME[Purpose.INVITATION].total_seconds() // 3600)
    mail.enqueue(mail.Mail.INVITATION, user, now=now, token=token, hours=hours)
    record(Event.PERSON_INVITED, actor=actor, subject=user)
    return token


def request_reset(email: str, *, blinding: str, actor: Actor, now: datetime) -> None:
    """Mail a link for a new password if there is an open account; whoever asks cannot tell.

    A known and an unknown address cost the same commits, and each gets three mails an hour at most. Only a
    known one leaves a row on the trail: with made-up addresses strangers could fill the disk. Raises
    Throttled for the network that asks too often.
    """
    throttle.charge(throttle.RESET_REQUESTS, throttle.network_of(actor.address), now=now)
    key = addresses.key_of(email)
    user = db.session.scalar(select(User).where(User.email_key == key))
    try:
        throttle.charge(throttle.MAIL_TO_PERSON, addresses.blind(key, blinding), now=now)
    except Throttled:
        return
    if user is None:
        throttle.charge(throttle.UNKNOWN_RESETS, "all", now=now)
        return
    record(Event.PASSWORD_RESET_REQUESTED, actor=actor, subject=user)
    if user.is_active:
        token = links.make(Purpose.PASSWORD_RESET, user, now=now)
        minutes = int(LIFETIME[Purpose.PASSWORD_RESET].total_seconds() // 60)
        mail.enqueue(mail.Mail.PASSWORD_RESET, user, now=now, token=token, minutes=minutes)


def choose(link: Link, user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Set the password through a mailed link, and use it up; nobody is logged in by it.

    The link has proved the address, so an account that guesses had closed is open again, in every browser.
    Raises LinkExpired, UnacceptablePassword, Busy.
    """
    hashed = hash_new(password, user.email, user.name)
    one_change_at_a_time(user)
    links.use_up(link)
    throttle.clear(throttle.PASSWORD_STRANGER, user.id)
    throttle.clear(throttle.PASSWORD_KNOWN_BROWSER, user.id)
    _store(user, hashed, way="mailed link", keep=None, actor=actor, now=now)


def change_own(identity: Identity, password: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Set a new password for somebody who has just shown the present one; all other access ends.

    Raises UnacceptablePassword, Busy.
    """
    user, session = identity.user, identity.session
    try:
        hashed = hash_new(password, user.email, user.name)
    except Busy:
        db.session.commit()  # the present password was right: that its try is forgiven stays
        raise
    _store(user, hashed, way="own page", keep=session, actor=actor, now=now)
    token, session = sessions.elevate(session, actor=actor, now=now, code=False)
    return SignedIn(token, session, user)


def set_from_terminal(user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Set a password on the command line; all access ends. Raises UnacceptablePassword, Busy."""
    hashed = hash_new(password, user.email, user.name)
    _store(user, hashed, way="terminal", keep=None, actor=actor, now=now)


def _store(
    user: User, hashed: str, *, way: str, keep: AuthSession | None, actor: Actor, now: datetime
) -> None:
    user.password_hash = hashed
    record(Event.PASSWORD_CHANGED, actor=actor, subject=user, way=way)
    revoke_access(user, because=Because.PASSWORD_CHANGED, actor=actor, keep=keep)
    place = {"place": actor.address, "user_agent": actor.user_agent}
    mail.enqueue(mail.Mail.PASSWORD_CHANGED, user, now=now, **place)
