"""Linking an authentication app: show a secret, believe it when a code proves it, and take it away again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from mfa_app.core import devices, mail, sessions, throttle, totp
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import AlreadyLinked, NotLinked, PendingLinkExpired, StillRequired, WrongCode
from mfa_app.core.login import SignedIn
from mfa_app.core.policy import effective_policy
from mfa_app.core.revocation import Because, one_change_at_a_time, revoke_access
from mfa_app.core.sessions import Identity
from mfa_app.core.vault import vault
from mfa_app.extensions import db
from mfa_app.models import Authenticator, PendingLink
from mfa_app.models.database import insert_once
from mfa_app.models.types import new_id

PENDING = timedelta(minutes=10)


@dataclass(frozen=True)
class Pending:
    """A secret that is on a page but not linked yet, good until `expires_at`."""

    secret: str
    expires_at: datetime


def begin(identity: Identity, *, now: datetime) -> Pending:
    """Return the secret to show to this session: the same one until it expires, then a new one.

    Raises AlreadyLinked if the person has an app and this session has not shown a code of it lately,
    SessionOver if the session has ended meanwhile.
    """
    _check_may_link(identity, now)
    row = _pending(identity)
    if row is not None and row.expires_at > now:
        return Pending(_open(row), row.expires_at)
    one_change_at_a_time(identity.user)
    sessions.require(identity.session)
    db.session.execute(delete(PendingLink).where(PendingLink.session_id == identity.session.id))
    secret, expires_at = totp.new_secret(), now + PENDING
    row = PendingLink(id=new_id(), session_id=identity.session.id)
    sealed = vault().seal(secret, row.place)
    inserted = insert_once(
        PendingLink, id=row.id, session_id=row.session_id, sealed_secret=sealed, expires_at=expires_at
    )
    if not inserted:  # another tab was faster: both shall show one QR code
        row = _pending(identity)
        return Pending(_open(row), row.expires_at)
    return Pending(secret, expires_at)


def confirm(identity: Identity, code: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Link the app whose code this is, end all other access of the person, and go on under a new token.

    The code that proves the app is burned with it, so that it opens no login. Raises WrongCode,
    PendingLinkExpired, AlreadyLinked, SessionOver, Throttled.
    """
    _check_may_link(identity, now)
    user, row = identity.user, _pending(identity)
    if row is None or row.expires_at <= now:
        raise PendingLinkExpired
    secret = _open(row)
    charged = throttle.charge(throttle.LINKING, user.id, now=now)
    try:
        step = totp.matching_step(secret, code, now=now)
    except WrongCode:
        told = {"purpose": "linking", "reason": "wrong", "failures": charged.failures}
        record(Event.CODE_REFUSED, actor=actor, subject=user, **told)
        raise
    one_change_at_a_time(user)  # a reset beside this comes before or after it, never in between
    sessions.require(identity.session)
    by_choice = not is_required(identity, now)
    replaced = _store(identity, secret, step, by_choice, now)
    throttle.refund(charged)
    throttle.clear(throttle.CODE, user.id)
    revoke_access(user, because=Because.LINKED, actor=actor, keep=identity.session)
    token, session = sessions.elevate(identity.session, actor=actor, now=now, code=True)
    user.last_login_at = now
    record(Event.AUTHENTICATOR_LINKED, actor=actor, subject=user, by_choice=by_choice, replaced=replaced)
    mail.enqueue(mail.Mail.LINKED, user, now=now, place=actor.address, user_agent=actor.user_agent)
    return SignedIn(token, session, user)


def remove(identity: Identity, *, actor: Actor, now: datetime) -> SignedIn:
    """Take the person's own app away, by choice. Raises NotLinked, StillRequired, SessionOver."""
    if is_required(identity, now):
        raise StillRequired
    one_change_at_a_time(identity.user)
    sessions.require(identity.session)
    if not unlink(identity.user.id):
        raise NotLinked
    revoke_access(identity.user, because=Because.UNLINKED, actor=actor, keep=identity.session)
    token, session = sessions.elevate(identity.session, actor=actor, now=now, code=True)
    record(Event.AUTHENTICATOR_REMOVED, actor=actor, subject=identity.user)
    place = {"place": actor.address, "user_agent": actor.user_agent}
    mail.enqueue(mail.Mail.REMOVED, identity.user, now=now, **place)
    return SignedIn(token, session, identity.user)


def keep_asking(identity: Identity, *, actor: Actor) -> None:
    """Let the person be asked for a code by choice, whatever the groups say, and on all devices first.

    Raises NotLinked.
    """
    kept = update(Authenticator).where(Authenticator.user_id == identity.user.id).values(by_choice=True)
    if db.session.execute(kept).rowcount != 1:
        raise NotLinked
    devices.forget(identity.user, actor=actor, because="asked by choice")
    record(Event.AUTHENTICATOR_KEPT, actor=actor, subject=identity.user)


def unlink(user_id: int) -> bool:
    """Delete a person's authenticator; say whether there was one."""
    return db.session.execute(delete(Authenticator).where(Authenticator.user_id == user_id)).rowcount == 1


def is_required(identity: Identity, now: datetime) -> bool:
    """Say whether the policy, and not only the person, wants an app to be linked."""
    return effective_policy(identity.person.facts, now=now).required


def _check_may_link(identity: Identity, now: datetime) -> None:
    if identity.person.authenticator is not None and not (
        identity.session.has_code and identity.recently_confirmed(now)
    ):
        raise AlreadyLinked


def _store(identity: Identity, secret: str, step: int, by_choice: bool, now: datetime) -> bool:
    """Write the authenticator, in place of the present one if there is one; say whether there was."""
    user_id, before = identity.user.id, identity.person.authenticator
    row = before or Authenticator(id=new_id(), user_id=user_id)
    values = {
        "sealed_secret": vault().seal(secret, row.place),
        "last_step": step,
        "by_choice": by_choice,
        "linked_at": now,
        "stopped_at": None,
    }
    if before is None:
        if not insert_once(Authenticator, id=row.id, user_id=user_id, **values):
            raise AlreadyLinked
        return False
    same = update(Authenticator).where(
        Authenticator.id == before.id, Authenticator.sealed_secret == before.sealed_secret
    )
    if db.session.execute(same.values(**values)).rowcount != 1:
        raise AlreadyLinked
    return True


def _pending(identity: Identity) -> PendingLink | None:
    return db.session.scalar(select(PendingLink).where(PendingLink.session_id == identity.session.id))


def _open(row: PendingLink) -> str:
    return vault().unseal(row.sealed_secret, row.place)
