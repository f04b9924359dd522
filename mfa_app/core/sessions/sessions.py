"""Sessions: how they start, are looked up on each request, are elevated and end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.clock import is_fresh
from mfa_app.core.common.errors import SessionEnded
from mfa_app.core.common.tokens import digest, new_token
from mfa_app.core.policy.decision import Decision, Verdict, decide
from mfa_app.core.policy.facts import PolicySubject, group_by_user, select_with_policy
from mfa_app.extensions import db
from mfa_app.models import AuthSession, HeldForm, RememberedDevice, User
from mfa_app.models.database import rows_changed

IDLE_TIMEOUT = timedelta(minutes=60)  # NIST SP 800-63B-4, section 2.2.3 (AAL2): an hour at most

MAX_LIFETIME = timedelta(hours=12)

CHALLENGE_TIMEOUT = timedelta(minutes=10)

RECENT_AUTH_WINDOW = timedelta(minutes=20)

TOUCH_INTERVAL = timedelta(minutes=1)

HELD_FORM = HeldForm.id, HeldForm.user_id, HeldForm.sealed_form, HeldForm.expires_at


@dataclass(frozen=True)
class Identity:
    """Who sent the request: the session, its user and the decision about that user.

    `device` is the remembered device on which the session started, if it is still valid.
    """

    session: AuthSession
    subject: PolicySubject
    decision: Decision
    device: RememberedDevice | None = None

    @property
    def user(self) -> User:
        return self.subject.user

    @property
    def confirmed_at(self) -> datetime | None:
        """When this session last entered a code (or, without an authenticator, the password)."""
        return self.session.code_at if self.subject.authenticator else self.session.password_at

    def recently_confirmed(self, now: datetime) -> bool:
        """Return True if that was at most 20 minutes ago."""
        return is_fresh(self.confirmed_at, RECENT_AUTH_WINDOW, now=now)

    def out_of_time(self, now: datetime) -> bool:
        """Return True if the session still needs a code and was asked for it more than ten minutes ago."""
        began = self.session.challenged_at
        return (
            self.decision.verdict is Verdict.CHALLENGE
            and began is not None
            and not is_fresh(began, CHALLENGE_TIMEOUT, now=now)
        )


def find(token: str, *, now: datetime) -> Identity | None:
    """Return the identity for a session token, using one SELECT. Return None if the session is over."""
    statement = (
        select_with_policy(AuthSession, RememberedDevice)
        .join(AuthSession, AuthSession.user_id == User.id)
        .outerjoin(RememberedDevice, RememberedDevice.id == AuthSession.device_id)
        .where(AuthSession.digest == digest(token))
    )
    rows = db.session.execute(statement).all()
    if not rows:
        return None
    session, device = rows[0].AuthSession, rows[0].RememberedDevice
    (subject,) = group_by_user(rows)
    if not _alive(session, subject.user, now):
        return None
    if device is not None and (
        device.security_stamp != subject.user.security_stamp or device.expires_at <= now
    ):
        device = None
    since = device.created_at if device else None
    decision = decide(
        subject.facts,
        has_code=session.has_code,
        from_link=session.from_link,
        trusted_since=since,
        now=now,
    )
    return Identity(session, subject, decision, device)


def start(
    user: User,
    *,
    actor: Actor,
    now: datetime,
    device: RememberedDevice | None = None,
    security_stamp: int | None = None,
    from_link: bool = False,
) -> tuple[str, AuthSession]:
    """Start a session for a user who has just entered the password; return its token and its row.

    `security_stamp` is the user's stamp from when the password was checked. If access has been revoked
    since, the session is invalid from the start. `from_link`: a one-time link permits enrolment in it.
    """
    return _add(
        AuthSession(
            user_id=user.id,
            amr="pwd link" if from_link else "pwd",
            security_stamp=user.security_stamp if security_stamp is None else security_stamp,
            password_at=now,
            created_at=now,
            expires_at=now + MAX_LIFETIME,
            device_id=device.id if device else None,
        ),
        actor,
        now,
    )


def elevate(
    session: AuthSession, *, actor: Actor, now: datetime, code: bool, security_stamp: int | None = None
) -> tuple[str, AuthSession]:
    """Replace a session with one under a new token, after a fresh code (`code`) or a fresh password.

    A verb that writes something before this calls `require` first. Raises SessionEnded if a concurrent
    request has ended the session.
    """
    held = db.session.execute(select(*HELD_FORM).where(HeldForm.session_id == session.id)).mappings().first()
    if end(session.id) != 1:
        raise SessionEnded
    token, elevated = _add(
        AuthSession(
            user_id=session.user_id,
            amr="pwd otp" if code else session.amr,
            security_stamp=session.security_stamp if security_stamp is None else security_stamp,
            password_at=session.password_at if code else now,
            code_at=now if code else session.code_at,
            created_at=session.created_at,
            expires_at=session.expires_at,
            device_id=session.device_id,
        ),
        actor,
        now,
    )
    if held is not None:  # it has ended with its session, and is the reason for the new one
        db.session.execute(insert(HeldForm).values(**held, session_id=elevated.id))
    return token, elevated


def require(session: AuthSession) -> None:
    """Lock the session's row until the commit. Raises SessionEnded if a concurrent request has ended it.

    Call this before the first write, after `lock_user`: no session then ends in the middle of a verb.
    """
    same = AuthSession.id == session.id, AuthSession.security_stamp == session.security_stamp
    locked = update(AuthSession).where(*same).values(security_stamp=AuthSession.security_stamp)
    if rows_changed(locked) != 1:
        raise SessionEnded


def end(session_id: str, *, user: User | None = None) -> int:
    """End a session (with `user`: only if it belongs to that user). Return how many ended, 0 or 1."""
    statement = delete(AuthSession).where(AuthSession.id == session_id)
    if user is not None:
        statement = statement.where(AuthSession.user_id == user.id)
    return rows_changed(statement)


def end_because(identity: Identity, because: str, *, actor: Actor) -> None:
    """End the session of an identity and record why, unless a concurrent request has ended it."""
    if end(identity.session.id):
        record(Event.SESSIONS_ENDED, actor=actor, subject=identity.user, count=1, because=because)


def touch(session: AuthSession, *, now: datetime) -> None:
    """Record that the session is in use, at most once a minute."""
    if now - session.last_seen_at >= TOUCH_INTERVAL:
        _set(session, last_seen_at=now)


def mark_challenged(session: AuthSession, *, now: datetime) -> None:
    """Start the ten minutes that a session has to get from the password to the code."""
    _set(session, challenged_at=now)


def of_user(user: User, *, now: datetime) -> list[AuthSession]:
    """Return the user's valid sessions, most recently used first."""
    rows = db.session.scalars(
        select(AuthSession).where(AuthSession.user_id == user.id).order_by(AuthSession.last_seen_at.desc())
    )
    return [session for session in rows if _alive(session, user, now)]


def _alive(session: AuthSession, user: User, now: datetime) -> bool:
    return (
        user.is_active
        and session.security_stamp == user.security_stamp
        and session.expires_at > now
        and is_fresh(session.created_at, MAX_LIFETIME, now=now)
        and is_fresh(session.last_seen_at, IDLE_TIMEOUT, now=now)
    )


def _set(session: AuthSession, **values: datetime) -> None:
    db.session.execute(update(AuthSession).where(AuthSession.id == session.id).values(**values))


def _add(session: AuthSession, actor: Actor, now: datetime) -> tuple[str, AuthSession]:
    token = new_token()
    session.digest = digest(token)
    session.last_seen_at = now
    session.ip_address, session.user_agent = actor.ip_address, actor.user_agent
    db.session.add(session)
    db.session.flush()
    return token, session
