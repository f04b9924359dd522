"""Whether this installation is fit to serve: what is looked at, and what can be wrong with it, as data."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mfa_app.config import Settings
from mfa_app.core import anchors, clock, schema
from mfa_app.core.chain import TRAIL_KEY
from mfa_app.core.vault import CannotUnseal, vault
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Authenticator, OutboxMail, SealedValue

CLOCK_TOLERANCE = timedelta(minutes=5)
MAIL_STUCK_AFTER = timedelta(minutes=30)
SAMPLE = 20


class Trouble(enum.Enum):
    """What can be wrong; the words are in web/check_words."""

    UNREACHABLE = enum.auto()
    UNPREPARED = enum.auto()
    NEWER = enum.auto()
    KEYS_DO_NOT_FIT = enum.auto()
    CLOCK_BEHIND = enum.auto()
    MAILS_STUCK = enum.auto()
    TRAIL_CUT = enum.auto()


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, what is wrong with it, and the facts for the sentence about it."""

    name: str
    trouble: Trouble | None = None
    facts: dict[str, object] = field(default_factory=dict)


def checks(settings: Settings, *, now: datetime) -> list[Check]:
    """Look at everything that the site needs; what cannot be looked at yet is left out."""
    found = [_looked_at("database", _database)]
    if found[-1].trouble is None:
        found.append(_looked_at("migrations", _migrations))
    if found[-1].trouble is None:
        found += [
            _looked_at("keys", _keys),
            _looked_at("clock", lambda name: _clock(name, now)),
            _looked_at("outbox", lambda name: _outbox(name, now)),
            _looked_at("trail", lambda name: _trail(name, settings)),
        ]
    return found


def obstacle(settings: Settings) -> Check | None:
    """Return what must stop the site from starting: missing migrations, or keys that do not fit.

    A database that does not answer may come back, so it stops nothing.
    """
    stopping = {Trouble.UNPREPARED, Trouble.NEWER, Trouble.KEYS_DO_NOT_FIT}
    return next((check for check in checks(settings, now=clock.now()) if check.trouble in stopping), None)


def keys_fit(session: Session) -> bool:
    """Say whether the data keys open the key of the trail and the apps' secrets, by a sample of these."""
    sealed = session.execute(
        select(SealedValue.name, SealedValue.sealed).where(SealedValue.name == TRAIL_KEY)
    )
    apps = select(Authenticator.id, Authenticator.user_id, Authenticator.sealed_secret)
    pairs = [(text, SealedValue(name=name).place) for name, text in sealed]
    pairs += [
        (text, Authenticator(id=id_, user_id=user_id).place)
        for id_, user_id, text in session.execute(apps.order_by(Authenticator.id).limit(SAMPLE))
    ]
    try:
        for text, place in pairs:
            vault().unseal(text, place)
    except CannotUnseal:
        return False
    return True


def _looked_at(name: str, look: Callable[[str], Check]) -> Check:
    try:
        return look(name)
    except SQLAlchemyError as error:
        db.session.rollback()
        return Check(name, Trouble.UNREACHABLE, {"kind": type(error).__name__})


def _database(name: str) -> Check:
    db.session.execute(select(1))
    return Check(name)


def _migrations(name: str) -> Check:
    present = schema.revision(db.session.connection())
    if present == schema.newest():
        return Check(name)
    known = present is None or schema.is_known(present)
    return Check(name, Trouble.UNPREPARED if known else Trouble.NEWER)


def _keys(name: str) -> Check:
    return Check(name, None if keys_fit(db.session()) else Trouble.KEYS_DO_NOT_FIT)


def _clock(name: str, now: datetime) -> Check:
    """Compare the clock with what has been written down: time does not run backwards."""
    newest = db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id.desc()).limit(1))
    earliest = max(clock.NOT_BEFORE, newest - CLOCK_TOLERANCE if newest else clock.NOT_BEFORE)
    behind = {"clock": now, "newest": newest or clock.NOT_BEFORE}
    return Check(name, Trouble.CLOCK_BEHIND, behind) if now < earliest else Check(name)


def _outbox(name: str, now: datetime) -> Check:
    """Mails are stuck when one has waited for long and none that was written later has left.

    So a single address that takes no mail is no trouble of the site.
    """
    waits = OutboxMail.next_attempt_at.is_not(None)
    oldest = db.session.scalar(
        select(OutboxMail).where(waits).order_by(OutboxMail.created_at, OutboxMail.id).limit(1)
    )
    if oldest is None or oldest.created_at > now - MAIL_STUCK_AFTER:
        return Check(name)
    left_later = (OutboxMail.created_at > oldest.created_at, OutboxMail.sent_at.is_not(None))
    if db.session.scalar(select(OutboxMail.id).where(*left_later).limit(1)) is not None:
        return Check(name)
    waiting = db.session.scalar(select(func.count(OutboxMail.id)).where(waits))
    facts = {"waiting": waiting, "since": oldest.created_at, "error": oldest.last_error}
    return Check(name, Trouble.MAILS_STUCK, facts)


def _trail(name: str, settings: Settings) -> Check:
    """Look whether the trail still has the row that was anchored last; `audit verify` looks at all of it."""
    kept = anchors.read(settings)
    if not kept:
        return Check(name)
    found = db.session.scalar(select(AuditEvent.mac).where(AuditEvent.id == kept[-1].last))
    return Check(name) if found == kept[-1].mac else Check(name, Trouble.TRAIL_CUT, {"row": kept[-1].last})
