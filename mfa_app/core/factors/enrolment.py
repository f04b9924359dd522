"""Enrolling authentication apps: show a secret, accept it once a code proves it, rename and remove an app."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import fold
from mfa_app.core.common.errors import (
    AlreadyEnrolled,
    AppNameTaken,
    NotAllowed,
    NotEnrolled,
    PendingEnrolmentExpired,
    SessionEnded,
    TooManyApps,
    TwoFactorRequired,
    WrongCode,
)
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import totp
from mfa_app.core.factors.apps import App
from mfa_app.core.factors.registry import factors
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
from mfa_app.models.row_facts import AuthenticatorFacts, SessionFacts
from mfa_app.settings import Settings
from mfa_app.site import site

MOST_APPS = 5


@dataclass(frozen=True)
class PendingSecret:
    """A secret that is on the page but not enrolled yet, valid until `expires_at`."""

    secret: str
    expires_at: datetime


def begin(identity: Identity, *, replaces: str | None = None, now: datetime) -> PendingSecret:
    """Return the secret to show to this session: one and the same for as long as the session may enrol.

    A second secret in that time would leave a second entry of the same name in the app. Once the user has
    confirmed anew there is a new one: a copy of the old token may have been shown the old one. `replaces` is
    the id of the app whose place the new one takes. Raises NotEnrolled if the user has no such app,
    TooManyApps, AlreadyEnrolled if the user has an app and hasn't entered one of its codes recently,
    NotAllowed if this user needs a one-time link to enrol, SessionEnded if the session has ended meanwhile.
    """
    _check_may_enrol(identity, now)
    _check_place(identity, app_of(identity, replaces) if replaces else None)
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


def confirm(
    identity: Identity,
    code: str,
    *,
    name: str | None = None,
    replaces: str | None = None,
    actor: Actor,
    now: datetime,
) -> SignedIn:
    """Enrol the app that produced this code, revoke all other access, and continue under a new token.

    It is one more app, up to five, or it takes the place of the app with the id `replaces`. `name` is what
    its user calls it. The code is burned, so it can't be used to log in. Raises NotACode, WrongCode,
    PendingEnrolmentExpired, AlreadyEnrolled, NotEnrolled, TooManyApps, AppNameTaken, NotAllowed,
    SessionEnded, Throttled.
    """
    _check_may_enrol(identity, now)
    old = app_of(identity, replaces) if replaces else None
    _check_place(identity, old)
    if name is not None:
        _check_name(identity, old, name)
    user, row = identity.user, _pending(identity, _right_ends_at(identity, now))
    if row is None or row.expires_at <= now:
        raise PendingEnrolmentExpired
    secret, digits = _open(row), totp.digits_of(code)
    charged = counters.charge(limits.LINKING, user.id, now=now)
    step = totp.matching_step(secret, digits, now=now)
    if step is None:
        failed = {"purpose": "linking", "reason": "wrong", "failures": charged.failures}
        record(Event.CODE_REFUSED, actor=actor, subject=user, **failed)
        raise WrongCode
    lock_user(user)  # a concurrent reset runs before or after this, never in between
    sessions.require(identity.session)
    by_choice = not is_required(identity, now)
    _store(identity, secret, step, name, old, now)
    counters.reset_after_success(charged)
    counters.clear(limits.CODE, user.id)
    own = update(User).where(User.id == user.id).values(last_login_at=now, link_required=False)
    db.session.execute(own.values(opted_in=user.opted_in or by_choice, factors_locked_at=None))
    token, session = _go_on_alone(identity, RevocationReason.LINKED, actor, now)
    linked = {"by_choice": by_choice, "replaced": old is not None, "app": name}
    record(Event.AUTHENTICATOR_LINKED, actor=actor, subject=user, **linked)
    outbox.enqueue(outbox.Mail.LINKED, user, now=now, place=actor.ip_address, user_agent=actor.user_agent)
    return SignedIn(token, session, user)


def remove(identity: Identity, app_id: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Remove one of the user's own apps on request, and revoke all other access.

    Raises NotEnrolled, SessionEnded, and TwoFactorRequired if it is the last one and a rule requires it.
    """
    app = app_of(identity, app_id)
    last = len(identity.subject.authenticators) == 1
    if last and is_required(identity, now):
        raise TwoFactorRequired
    user = identity.user
    lock_user(user)
    sessions.require(identity.session)  # ends with each change of the apps, so `last` is still true
    if last:
        factors().delete_all(user.id)
        db.session.execute(update(User).where(User.id == user.id).values(opted_in=False))
    else:
        db.session.execute(delete(Authenticator).where(Authenticator.id == app.id))
    token, session = _go_on_alone(identity, RevocationReason.UNLINKED, actor, now)
    record(Event.AUTHENTICATOR_REMOVED, actor=actor, subject=user, app=app.name)
    outbox.enqueue(
        outbox.Mail.REMOVED,
        user,
        now=now,
        app=app.name,
        last=last,
        place=actor.ip_address,
        user_agent=actor.user_agent,
    )
    return SignedIn(token, session, user)


def rename(identity: Identity, app_id: str, name: str, *, actor: Actor) -> None:
    """Give one of the user's own apps another name. Raises NotEnrolled, AppNameTaken, SessionEnded."""
    app = app_of(identity, app_id)
    _check_name(identity, app, name)
    lock_user(identity.user)
    sessions.require(identity.session)
    own = update(Authenticator).where(Authenticator.id == app.id, Authenticator.name.is_distinct_from(name))
    if rows_changed(own.values(name=name)):
        record(Event.AUTHENTICATOR_RENAMED, actor=actor, subject=identity.user, app=name, before=app.name)


def app_of(identity: Identity, app_id: str) -> AuthenticatorFacts:
    """Return the user's own app with this id. Raises NotEnrolled if there is none."""
    app = next((app for app in identity.subject.authenticators if app.id == app_id), None)
    if app is None:
        raise NotEnrolled
    return app


def opt_in(identity: Identity, *, actor: Actor) -> None:
    """Opt the user in to codes whatever the groups require, and revoke the remembered devices.

    Raises NotEnrolled.
    """
    user = identity.user
    lock_user(user)
    if db.session.scalar(select(Authenticator.id).where(Authenticator.user_id == user.id).limit(1)) is None:
        raise NotEnrolled
    chosen = update(User).where(User.id == user.id, User.opted_in.is_(False)).values(opted_in=True)
    if rows_changed(chosen):
        remembered_devices.forget(user, actor=actor, because="asked by choice")
        record(Event.AUTHENTICATOR_KEPT, actor=actor, subject=user)


def delete_all(user: User) -> bool:
    """Delete all of a user's second factors, and what goes with them. Return False if there were none."""
    user.opted_in, user.factors_locked_at = False, None
    return factors().delete_all(user.id)


def is_required(identity: Identity, now: datetime) -> bool:
    """Return True if the policy requires an authenticator, not only the user's own choice."""
    return effective_policy(identity.subject.facts, now=now).required


def _check_may_enrol(identity: Identity, now: datetime) -> None:
    if identity.decision.verdict is Verdict.AWAIT_LINK:
        raise NotAllowed
    if identity.subject.facts.linked and not (identity.session.has_code and identity.recently_confirmed(now)):
        raise AlreadyEnrolled


def _go_on_alone(
    identity: Identity, because: RevocationReason, actor: Actor, now: datetime
) -> tuple[str, SessionFacts]:
    """Revoke all other access, and put this session under a new token, without what it was about to enrol."""
    session = identity.session
    db.session.execute(delete(PendingEnrolment).where(PendingEnrolment.session_id == session.id))
    stamp = revoke_access(identity.user, because=because, actor=actor, except_session=session)
    return sessions.elevate(kept(session, stamp), actor=actor, now=now, methods=App.amr)


def _check_place(identity: Identity, old: AuthenticatorFacts | None) -> None:
    if old is None and len(identity.subject.authenticators) >= MOST_APPS:
        raise TooManyApps(MOST_APPS)


def _check_name(identity: Identity, app: AuthenticatorFacts | None, name: str) -> None:
    others = (other.name for other in identity.subject.authenticators if other is not app)
    if fold(name) in {fold(other) for other in others if other}:
        raise AppNameTaken


def _store(
    identity: Identity,
    secret: str,
    step: int,
    name: str | None,
    old: AuthenticatorFacts | None,
    now: datetime,
) -> None:
    """Save the app. The session has been required, so the apps are still as this request has read them."""
    if old is not None:
        db.session.execute(delete(Authenticator).where(Authenticator.id == old.id))
    row = Authenticator(id=new_id(), user_id=identity.user.id, name=name, last_step=step, enrolled_at=now)
    row.sealed_secret = vault().seal(secret, row.seal_context)
    row.issuer = totp.label_of(site()[Settings].issuer)
    db.session.add(row)
    db.session.flush()


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
