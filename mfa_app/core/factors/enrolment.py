"""Enrolling authentication apps: show a secret, accept it once a code proves it, rename and remove an app."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from mfa_app.core.audit.events import AnsweredFor, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import fold
from mfa_app.core.common.errors import (
    AppGone,
    AppNameTaken,
    PendingEnrolmentExpired,
    SessionEnded,
    TooManyApps,
    TwoFactorRequired,
)
from mfa_app.core.common.locks import lock_user, note_secret_shown
from mfa_app.core.factors import diagnosis, former_apps, own_factors, totp
from mfa_app.core.factors.apps import App
from mfa_app.core.factors.passkeys import of_user, that_work
from mfa_app.core.keys.vault import vault
from mfa_app.core.mail import outbox
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Ending, PendingEnrolment
from mfa_app.models.column_types import new_id
from mfa_app.models.database import insert_once, rows_changed
from mfa_app.models.row_facts import AuthenticatorFacts, PasskeyFacts
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
    confirmed again there is a new one: a copy of the old token may have been shown the old one. `replaces` is
    the id of the app whose place the new one takes. Raises AppGone if the user has no such app,
    TooManyApps, AlreadyEnrolled if the user has an app and hasn't entered one of its codes recently,
    NotAllowed if this user needs a one-time link to enrol, SessionEnded if the session has ended meanwhile.
    """
    own_factors.check_may_enrol(identity, now)
    _check_place(identity, app_of(identity, replaces) if replaces else None)
    expires_at = _right_ends_at(identity, now)
    row = _pending(identity, expires_at)
    if row is not None:
        return PendingSecret(_open(row), expires_at)
    lock_user(identity.user)
    sessions.require(identity.session)
    if not identity.subject.facts.linked:
        note_secret_shown(identity.user)
    _start_over(identity, expires_at, now)
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
    ExplainedCode, PendingEnrolmentExpired, AlreadyEnrolled, AppGone, TooManyApps, AppNameTaken, NotAllowed,
    SessionEnded, Throttled.
    """
    own_factors.check_may_enrol(identity, now)
    old = app_of(identity, replaces) if replaces else None
    _check_place(identity, old)
    if name is not None:
        _require_new_name(identity.user.id, name, of=old)
    user, row = identity.user, _pending(identity, _right_ends_at(identity, now))
    if row is None or row.expires_at <= now:
        raise PendingEnrolmentExpired
    secret, digits = _open(row), totp.digits_of(code)
    charged = counters.charge(limits.LINKING, user.id, now=now)
    step = totp.matching_step(secret, digits, now=now)
    if step is None:
        refusal = diagnosis.of_linking(secret, user.id, digits, now=now)
        failed = {"purpose": AnsweredFor.LINKING, "failures": charged.failures, **diagnosis.on_trail(refusal)}
        record(Event.CODE_REFUSED, actor=actor, subject=user, **failed)
        raise refusal
    lock_user(user)  # a concurrent reset runs before or after this, never in between
    sessions.require(identity.session)
    by_choice = not own_factors.is_required(identity, now)
    _store(identity, secret, step, name, old, now)
    counters.reset_after_success(charged)
    own_factors.note_linked(user, by_choice=by_choice, now=now)
    kept_session = own_factors.end_other_access(identity, RevocationReason.LINKED, actor)
    token, session = sessions.elevate(kept_session, actor=actor, now=now, methods=App.amr)
    linked = {"by_choice": by_choice, "replaced": old is not None, "app": name}
    record(Event.AUTHENTICATOR_LINKED, actor=actor, subject=user, **linked)
    besides = old is None and identity.subject.facts.linked
    told = {"app": name, "instead": old is not None, "besides": besides}
    outbox.notify(outbox.Mail.LINKED, user, actor=actor, now=now, **told)
    return SignedIn(token, session, user)


def remove(identity: Identity, app_id: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Remove one of the user's own apps on request, and revoke all other access.

    The session goes on under a new token, but no code was entered, so its last code is no younger. Raises
    AppGone, SessionEnded, and TwoFactorRequired if it is the last second factor and a rule requires one.
    """
    app = app_of(identity, app_id)
    last = has_one_app_alone(identity)
    if not own_factors.may_remove(identity, last=last, now=now):
        raise TwoFactorRequired
    user = identity.user
    lock_user(user)
    sessions.require(identity.session)  # ends with each change of the apps, so `last` is still true
    if last:
        own_factors.delete_all(user.id, Ending.REMOVED, now=now)
    else:
        former_apps.keep(user.id, [app], Ending.REMOVED, now=now)
        db.session.execute(delete(Authenticator).where(Authenticator.id == app.id))
    kept_session = own_factors.end_other_access(identity, RevocationReason.UNLINKED, actor)
    token, session = sessions.renew(kept_session, actor=actor, now=now)
    record(Event.AUTHENTICATOR_REMOVED, actor=actor, subject=user, app=app.name)
    outbox.notify(outbox.Mail.REMOVED, user, actor=actor, now=now, app=app.name, last=last)
    return SignedIn(token, session, user)


def rename(identity: Identity, app_id: str, name: str, *, actor: Actor) -> None:
    """Give one of the user's own apps another name. Raises AppGone, AppNameTaken, SessionEnded."""
    app = app_of(identity, app_id)
    lock_user(identity.user)
    sessions.require(identity.session)
    _require_new_name(identity.user.id, name, of=app)
    own = update(Authenticator).where(Authenticator.id == app.id, Authenticator.name.is_distinct_from(name))
    if rows_changed(own.values(name=name)):
        record(Event.AUTHENTICATOR_RENAMED, actor=actor, subject=identity.user, app=name, before=app.name)


def app_of(identity: Identity, app_id: str) -> AuthenticatorFacts:
    """Return the user's own app with this id. Raises AppGone if there is none."""
    app = next((app for app in identity.subject.authenticators if app.id == app_id), None)
    if app is None:
        raise AppGone
    return app


def may_add_app(identity: Identity) -> bool:
    """Return whether the user has fewer apps than one can have."""
    return len(identity.subject.authenticators) < MOST_APPS


def has_one_app_alone(identity: Identity) -> bool:
    """Return whether the user's only second factor that works is one app."""
    return is_one_app_alone(identity, of_user(identity.user) if identity.subject.passkeys else ())


def is_one_app_alone(identity: Identity, passkeys: Iterable[PasskeyFacts]) -> bool:
    """Do the same for a user whose passkeys are known."""
    return len(identity.subject.authenticators) == 1 and not that_work(passkeys)


def _check_place(identity: Identity, old: AuthenticatorFacts | None) -> None:
    if old is None and not may_add_app(identity):
        raise TooManyApps(MOST_APPS)


def _require_new_name(user_id: int, name: str, *, of: AuthenticatorFacts | None) -> None:
    """Raise AppNameTaken if another app than `of` has this name, or one that looks the same."""
    others = select(Authenticator.id, Authenticator.name).where(Authenticator.user_id == user_id)
    taken = {fold(other or "") for id_, other in db.session.execute(others) if of is None or id_ != of.id}
    if fold(name) in taken:
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
        former_apps.keep(old.user_id, [old], Ending.REPLACED, now=now)
        db.session.execute(delete(Authenticator).where(Authenticator.id == old.id))
    row = Authenticator(id=new_id(), user_id=identity.user.id, name=name, last_step=step, enrolled_at=now)
    row.sealed_secret = vault().seal(secret, row.seal_context)
    row.issuer = totp.label_of(site()[Settings].issuer)
    db.session.add(row)
    db.session.flush()


def _start_over(identity: Identity, expires_at: datetime, now: datetime) -> None:
    """Take away what this session was shown under an earlier confirmation. Its entry may stand in the app."""
    of_session = PendingEnrolment.session_id == identity.session.id
    earlier = of_session, PendingEnrolment.expires_at != expires_at
    shown = db.session.scalars(select(PendingEnrolment).where(*earlier)).all()
    if shown:
        former_apps.keep_pending(identity.user.id, shown, now=now)
        db.session.execute(delete(PendingEnrolment).where(*earlier))


def _right_ends_at(identity: Identity, now: datetime) -> datetime:
    """Return until when this session may enrol without confirming again."""
    return (identity.confirmed_at or now) + sessions.RECENT_AUTH_WINDOW


def _pending(identity: Identity, expires_at: datetime) -> PendingEnrolment | None:
    """Return the secret that this session was shown under the confirmation that lasts until then."""
    of_session = PendingEnrolment.session_id == identity.session.id
    return db.session.scalar(
        select(PendingEnrolment).where(of_session, PendingEnrolment.expires_at == expires_at)
    )


def _open(row: PendingEnrolment) -> str:
    return vault().unseal(row.sealed_secret, row.seal_context)
