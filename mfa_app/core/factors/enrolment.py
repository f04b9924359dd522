"""Enrolling an authentication app: show a secret, accept it once a code proves it, and remove it again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import (
    AlreadyEnrolled,
    NotAllowed,
    NotEnrolled,
    PendingEnrolmentExpired,
    SessionEnded,
    TwoFactorRequired,
    WrongCode,
)
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import totp
from mfa_app.core.keys.vault import vault
from mfa_app.core.mail import outbox
from mfa_app.core.policy.decision import Verdict, effective_policy
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, kept, revoke_access
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator, PendingEnrolment, User
from mfa_app.models.column_types import new_id
from mfa_app.models.database import insert_once, rows_changed
from mfa_app.models.row_facts import SessionFacts
from mfa_app.settings import Settings
from mfa_app.site import site


@dataclass(frozen=True)
class PendingSecret:
    """A secret that is on the page but not enrolled yet, valid until `expires_at`."""

    secret: str
    expires_at: datetime


def begin(identity: Identity, *, now: datetime) -> PendingSecret:
    """Return the secret to show to this session: one and the same for as long as the session may enrol.

    A second secret in that time would leave a second entry of the same name in the app. Once the user has
    confirmed anew there is a new one: a copy of the old token may have been shown the old one. Raises
    AlreadyEnrolled if the user has an authenticator and hasn't entered one of its codes recently, NotAllowed
    if this user needs a one-time link to enrol, SessionEnded if the session has ended meanwhile.
    """
    _check_may_enrol(identity, now)
    expires_at = _right_ends_at(identity, now)
    row = _pending(identity, expires_at)
    if row is not None:
        return PendingSecret(_open(row), expires_at)
    lock_user(identity.user)
    sessions.require(identity.session)
    of_session = PendingEnrolment.session_id == identity.session.id
    db.session.execute(delete(PendingEnrolment).where(of_session, PendingEnrolment.expires_at != expires_at))
    secret = totp.new_secret()
    row = PendingEnrolment(id=new_id(), session_id=identity.session.id)
    sealed = vault().seal(secret, row.seal_context)
    inserted = insert_once(
        PendingEnrolment, id=row.id, session_id=row.session_id, sealed_secret=sealed, expires_at=expires_at
    )
    if not inserted:  # another tab was faster: both must show the same QR code
        row = _pending(identity, expires_at)
        if row is None:  # ended with its session, by a concurrent request
            raise SessionEnded
        return PendingSecret(_open(row), expires_at)
    return PendingSecret(secret, expires_at)


def confirm(identity: Identity, code: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Enrol the app that produced this code, revoke all other access, and continue under a new token.

    The code is burned, so it can't be used to log in. Raises NotACode, WrongCode,
    PendingEnrolmentExpired, AlreadyEnrolled, NotAllowed, SessionEnded, Throttled.
    """
    _check_may_enrol(identity, now)
    user, row = identity.user, _pending(identity, _right_ends_at(identity, now))
    if row is None or row.expires_at <= now:
        raise PendingEnrolmentExpired
    secret, digits = _open(row), totp.digits_of(code)
    charged = counters.charge(limits.LINKING, user.id, now=now)
    try:
        step = totp.matching_step(secret, digits, now=now)
    except WrongCode:
        record(
            Event.CODE_REFUSED,
            actor=actor,
            subject=user,
            purpose="linking",
            reason="wrong",
            failures=charged.failures,
        )
        raise
    lock_user(user)  # a concurrent reset runs before or after this, never in between
    sessions.require(identity.session)
    by_choice = not is_required(identity, now)
    replaced = _store(identity, secret, step, by_choice, now)
    counters.reset_after_success(charged)
    counters.clear(limits.CODE, user.id)
    own = update(User).where(User.id == user.id)
    db.session.execute(own.values(last_login_at=now, link_required=False))
    token, session = _go_on_alone(identity, RevocationReason.LINKED, actor, now)
    record(Event.AUTHENTICATOR_LINKED, actor=actor, subject=user, by_choice=by_choice, replaced=replaced)
    outbox.enqueue(outbox.Mail.LINKED, user, now=now, place=actor.ip_address, user_agent=actor.user_agent)
    return SignedIn(token, session, user)


def remove(identity: Identity, *, actor: Actor, now: datetime) -> SignedIn:
    """Remove the user's own authenticator on request. Raises NotEnrolled, TwoFactorRequired, SessionEnded."""
    if is_required(identity, now):
        raise TwoFactorRequired
    lock_user(identity.user)
    sessions.require(identity.session)
    if not delete_authenticator(identity.user.id):
        raise NotEnrolled
    token, session = _go_on_alone(identity, RevocationReason.UNLINKED, actor, now)
    record(Event.AUTHENTICATOR_REMOVED, actor=actor, subject=identity.user)
    outbox.enqueue(
        outbox.Mail.REMOVED, identity.user, now=now, place=actor.ip_address, user_agent=actor.user_agent
    )
    return SignedIn(token, session, identity.user)


def opt_in(identity: Identity, *, actor: Actor) -> None:
    """Opt the user in to codes whatever the groups require, and revoke the remembered devices.

    Raises NotEnrolled.
    """
    lock_user(identity.user)  # before the authenticator's row, as a reset does it
    own = Authenticator.user_id == identity.user.id
    if (
        rows_changed(
            update(Authenticator).where(own, Authenticator.opted_in.is_(False)).values(opted_in=True)
        )
        != 1
    ):
        if db.session.scalar(select(Authenticator.id).where(own)) is None:
            raise NotEnrolled
        return
    remembered_devices.forget(identity.user, actor=actor, because="asked by choice")
    record(Event.AUTHENTICATOR_KEPT, actor=actor, subject=identity.user)


def delete_authenticator(user_id: int) -> bool:
    """Delete a user's authenticator. Return False if there was none."""
    return rows_changed(delete(Authenticator).where(Authenticator.user_id == user_id)) == 1


def is_required(identity: Identity, now: datetime) -> bool:
    """Return True if the policy requires an authenticator, not only the user's own choice."""
    return effective_policy(identity.subject.facts, now=now).required


def _check_may_enrol(identity: Identity, now: datetime) -> None:
    if identity.decision.verdict is Verdict.AWAIT_LINK:
        raise NotAllowed
    if identity.subject.authenticator is not None and not (
        identity.session.has_code and identity.recently_confirmed(now)
    ):
        raise AlreadyEnrolled


def _go_on_alone(
    identity: Identity, because: RevocationReason, actor: Actor, now: datetime
) -> tuple[str, SessionFacts]:
    """Revoke all other access, and put this session under a new token, without what it was about to enrol."""
    session = identity.session
    db.session.execute(delete(PendingEnrolment).where(PendingEnrolment.session_id == session.id))
    stamp = revoke_access(identity.user, because=because, actor=actor, except_session=session)
    return sessions.elevate(kept(session, stamp), actor=actor, now=now, code=True)


def _store(identity: Identity, secret: str, step: int, by_choice: bool, now: datetime) -> bool:
    """Save the authenticator, replacing the current one. Return True if one was replaced."""
    user_id, before = identity.user.id, identity.subject.authenticator
    row = before or Authenticator(id=new_id(), user_id=user_id)
    values = {
        "sealed_secret": vault().seal(secret, row.seal_context),
        "issuer": totp.label_of(site()[Settings].issuer),
        "last_step": step,
        "opted_in": by_choice,
        "enrolled_at": now,
        "locked_at": None,
    }
    if before is None:
        if not insert_once(Authenticator, id=row.id, user_id=user_id, **values):
            raise AlreadyEnrolled
        return False
    same = update(Authenticator).where(
        Authenticator.id == before.id, Authenticator.sealed_secret == before.sealed_secret
    )
    if rows_changed(same.values(**values)) != 1:
        raise AlreadyEnrolled
    return True


def _right_ends_at(identity: Identity, now: datetime) -> datetime:
    """Return until when this session may enrol without confirming anew."""
    return (identity.confirmed_at or now) + sessions.RECENT_AUTH_WINDOW


def _pending(identity: Identity, expires_at: datetime) -> PendingEnrolment | None:
    """Return the secret that this session was shown under the confirmation that lasts until then."""
    of_session = PendingEnrolment.session_id == identity.session.id
    return db.session.scalar(
        select(PendingEnrolment).where(of_session, PendingEnrolment.expires_at == expires_at)
    )


def _open(row: PendingEnrolment) -> str:
    return vault().unseal(row.sealed_secret, row.seal_context)
