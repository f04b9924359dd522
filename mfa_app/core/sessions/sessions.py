"""Sessions: how they start, are looked up on each request, are elevated and end."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.clock import is_fresh
from mfa_app.core.common.errors import SessionEnded
from mfa_app.core.common.tokens import digest, new_token
from mfa_app.core.policy import subject_facts
from mfa_app.core.policy.decision import Decision, Verdict, decide
from mfa_app.core.policy.levels import Level, level_of
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.extensions import db
from mfa_app.models import AuthSession, RememberedDevice
from mfa_app.models.column_types import new_id
from mfa_app.models.database import execute, rows_changed, table_of
from mfa_app.models.row_facts import AnyUser, DeviceFacts, SessionFacts, UserFacts, columns_of

IDLE_TIMEOUT = timedelta(minutes=60)  # NIST SP 800-63B-4, section 2.2.3 (AAL2): an hour at most

MAX_LIFETIME = timedelta(hours=12)

CHALLENGE_TIMEOUT = timedelta(minutes=10)

RECENT_AUTH_WINDOW = timedelta(minutes=20)

FROM_LINK = "pwd link"  # the `amr` of a session in which a one-time link permits enrolment

TOUCH_INTERVAL = timedelta(minutes=1)

_SESSIONS, _DEVICES = table_of(AuthSession), table_of(RememberedDevice)

_SESSION_COLUMNS, _DEVICE_COLUMNS = (
    columns_of(SessionFacts, AuthSession),
    columns_of(DeviceFacts, RememberedDevice),
)

_OF_TOKEN = (
    subject_facts.select_subject(*_SESSION_COLUMNS, *_DEVICE_COLUMNS)
    .join(_SESSIONS, _SESSIONS.c.user_id == subject_facts.USER_ID)
    .outerjoin(_DEVICES, _DEVICES.c.id == _SESSIONS.c.device_id)
    .where(_SESSIONS.c.digest == bindparam("digest"))
)

_SESSION = slice(subject_facts.END, subject_facts.END + len(_SESSION_COLUMNS))

_DEVICE = slice(_SESSION.stop, _SESSION.stop + len(_DEVICE_COLUMNS))

_INSERT = insert(_SESSIONS)

_UNCHANGED = (
    _SESSIONS.c.id == bindparam("session_id"),
    _SESSIONS.c.digest == bindparam("old_digest"),
    _SESSIONS.c.security_stamp == bindparam("stamp"),
)

_LOCK = update(_SESSIONS).where(*_UNCHANGED).values(security_stamp=_SESSIONS.c.security_stamp)

_UPDATE = update(_SESSIONS).where(_SESSIONS.c.id == bindparam("session_id"))

_ELEVATE = update(_SESSIONS).where(*_UNCHANGED)

_ELEVATED = ("digest", "amr", "password_at", "code_at", "challenged_at", "last_seen_at", "device_id")


@dataclass(frozen=True)
class Identity:
    """Who sent the request: the session, its user and the decision about that user.

    `device` is the remembered device on which the session started, if it is still valid.
    """

    session: SessionFacts
    subject: SubjectFacts
    decision: Decision
    device: DeviceFacts | None = None

    @property
    def user(self) -> UserFacts:
        return self.subject.user

    @property
    def level(self) -> Level:
        """The level that this session has reached."""
        return level_of(self.session.methods)

    @property
    def confirmed_at(self) -> datetime | None:
        """When this session last entered a code (or, without an authenticator, the password)."""
        return self.session.code_at if self.subject.facts.linked else self.session.password_at

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
    rows = execute(_OF_TOKEN, digest=digest(token)).all()
    subject = subject_facts.subject_of(rows)
    if subject is None:
        return None
    session = SessionFacts(*rows[0][_SESSION])
    if not _alive(session, subject.user, now):
        return None
    held = rows[0][_DEVICE]
    device = DeviceFacts(*held) if held[0] else None
    if device is not None and (
        device.security_stamp != subject.user.security_stamp or device.expires_at <= now
    ):
        device = None
    since = device.created_at if device else None
    decision = decide(
        subject.facts,
        shown=level_of(session.methods),
        from_link=session.from_link,
        trusted_since=since,
        now=now,
    )
    return Identity(session, subject, decision, device)


def start(
    user: AnyUser,
    *,
    actor: Actor,
    now: datetime,
    device_id: str | None = None,
    from_link: bool = False,
    challenged: bool = False,
    methods: frozenset[str] = frozenset(),
    password_at: datetime | None = None,
) -> tuple[str, SessionFacts]:
    """Start a session for a user who has just entered the password; return its token and its row.

    The session has the stamp of `user`: if access has been revoked since that was read, the session is
    invalid from the start. `from_link`: a one-time link permits enrolment in it. `challenged`: the user goes
    to the code page at once, and has ten minutes from now. `methods` are those of a second factor that was
    used in place of the password. `password_at` is when the password was entered, if that was earlier.
    """
    token = new_token()
    session = SessionFacts(
        id=new_id(),
        user_id=user.id,
        digest=digest(token),
        amr=" ".join(sorted(methods)) or (FROM_LINK if from_link else "pwd"),
        security_stamp=user.security_stamp,
        password_at=password_at or now,
        code_at=now if methods else None,
        challenged_at=now if challenged else None,
        last_seen_at=now,
        created_at=now,
        expires_at=now + MAX_LIFETIME,
        device_id=device_id,
    )
    execute(_INSERT, **vars(session), ip_address=actor.ip_address, user_agent=actor.user_agent)
    return token, session


def elevate(
    session: SessionFacts,
    *,
    actor: Actor,
    now: datetime,
    methods: frozenset[str] = frozenset(),
    device_id: str | None = None,
) -> tuple[str, SessionFacts]:
    """Put a session under a new token, so that the old one is dead, after a fresh answer of a second factor.

    `methods` is what that factor adds to `amr` (RFC 8176), beside what was shown before; without any, it was
    a fresh password instead.
    `device_id` is the device that has been remembered with it. An action that writes something before this
    calls `require` first, or undoes it. Raises SessionEnded if a concurrent request has ended the session, or
    has put it under another token.
    """
    elevated = replace(
        session,
        amr=_listed(session.methods - {"link"} | methods) if methods else session.amr,
        password_at=session.password_at if methods else now,
        code_at=now if methods else session.code_at,
        challenged_at=None,
        device_id=device_id or session.device_id,
    )
    return _under_new_token(session, elevated, actor=actor, now=now)


def _listed(methods: AbstractSet[str]) -> str:
    """Return methods as a session lists them: the password first."""
    return " ".join(sorted(methods, key=lambda method: (method != "pwd", method)))


def renew(session: SessionFacts, *, actor: Actor, now: datetime) -> tuple[str, SessionFacts]:
    """Put a session under a new token, so that the old one is dead, without a fresh proof.

    Raises SessionEnded as `elevate` does.
    """
    return _under_new_token(session, session, actor=actor, now=now)


def permit_enrolment(session: SessionFacts, *, actor: Actor, now: datetime) -> tuple[str, SessionFacts]:
    """Put a session under a new token, and let it enrol as if it had begun with an enrolment link.

    Of what it has shown, only the password counts from now on. Raises SessionEnded as `elevate` does.
    """
    permitted = replace(session, amr=FROM_LINK, challenged_at=None)
    return _under_new_token(session, permitted, actor=actor, now=now)


def _under_new_token(
    session: SessionFacts, changed: SessionFacts, *, actor: Actor, now: datetime
) -> tuple[str, SessionFacts]:
    token = new_token()
    renewed = replace(changed, digest=digest(token), last_seen_at=now)
    changes = {name: value for name, value in vars(renewed).items() if name in _ELEVATED}
    sender = {"ip_address": actor.ip_address, "user_agent": actor.user_agent}
    if execute(_ELEVATE, **_present(session), **changes, **sender).rowcount != 1:
        raise SessionEnded
    return token, renewed


def require(session: SessionFacts) -> None:
    """Lock the session's row until the commit. Raises SessionEnded if a concurrent request has ended it.

    Call this before the first write, after `lock_user`: no session then ends in the middle of an action.
    """
    if execute(_LOCK, **_present(session)).rowcount != 1:
        raise SessionEnded


def end(session_id: str, *, user: AnyUser | None = None) -> int:
    """End a session (with `user`: only if it belongs to that user). Return how many ended, 0 or 1."""
    statement = delete(AuthSession).where(AuthSession.id == session_id)
    if user is not None:
        statement = statement.where(AuthSession.user_id == user.id)
    return rows_changed(statement)


def end_because(identity: Identity, because: EndReason, *, actor: Actor) -> None:
    """End the session of an identity and record why, unless a concurrent request has ended it."""
    if end(identity.session.id):
        record(Event.SESSIONS_ENDED, actor=actor, subject=identity.user, count=1, because=because)


def touch(session: SessionFacts, *, now: datetime) -> None:
    """Record that the session is in use, at most once a minute."""
    if now - session.last_seen_at >= TOUCH_INTERVAL:
        execute(_UPDATE, session_id=session.id, last_seen_at=now)


def mark_challenged(session: SessionFacts, *, now: datetime) -> None:
    """Start the ten minutes that a session has to get from the password to the code."""
    execute(_UPDATE, session_id=session.id, challenged_at=now)


def of_user(user: AnyUser, *, now: datetime) -> list[AuthSession]:
    """Return the user's valid sessions, most recently used first."""
    rows = db.session.scalars(
        select(AuthSession).where(AuthSession.user_id == user.id).order_by(AuthSession.last_seen_at.desc())
    )
    return [session for session in rows if _alive(session, user, now)]


def _alive(session: AuthSession | SessionFacts, user: AnyUser, now: datetime) -> bool:
    return (
        user.is_open(now)
        and session.security_stamp == user.security_stamp
        and session.expires_at > now
        and is_fresh(session.created_at, MAX_LIFETIME, now=now)
        and is_fresh(session.last_seen_at, IDLE_TIMEOUT, now=now)
    )


def _present(session: SessionFacts) -> dict[str, object]:
    """Return the parameters of a statement on a session that must still be as this request has read it."""
    return {"session_id": session.id, "old_digest": session.digest, "stamp": session.security_stamp}
