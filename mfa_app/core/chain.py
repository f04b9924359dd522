"""The chain that shows tampering: each row of the trail is sealed together with all rows before it."""

import enum
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from mfa_app.core.vault import vault
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, SealedValue, TrailHead
from mfa_app.models.database import insert_once

TRAIL_KEY = "trail key"
QUEUED, WRITTEN = "trail_queued", "trail_written"
BATCH = 1000
SEALED_COLUMNS = (
    *("id", "event", "actor_kind", "actor_id", "actor_name", "subject_id", "subject_name"),
    *("address", "user_agent", "details", "previous"),
)


@dataclass(frozen=True)
class Anchor:
    """The number and the seal of a row, kept outside the database: what is cut off after it shows."""

    last: int
    mac: str


class Flaw(enum.StrEnum):
    """What can be wrong with a row of the trail."""

    MISSING = "the row is missing"
    OUT_OF_PLACE = "the row does not follow the one before it"
    CHANGED = "the row was changed"
    NOT_ANCHORED = "the row is not the one that was anchored"
    CUT = "the end of the trail was cut off"
    HEAD = "the head does not fit the last row"


@dataclass(frozen=True)
class Finding:
    """What a verification found wrong first: the row's number and what is wrong there."""

    row: int
    what: Flaw


Observer = Callable[[AuditEvent], None]
_observers: list[Observer] = []


def observe(observer: Observer) -> Observer:
    """Call `observer` with every row from now on, once its commit has succeeded."""
    _observers.append(observer)
    return observer


def append(row: AuditEvent) -> None:
    """Put a row on the trail with the commit of this transaction; without its row no change is saved.

    The rows are chained just before the commit, so that the head of the chain is the last lock taken: two
    transactions never wait for each other.
    """
    db.session().info.setdefault(QUEUED, []).append(row)


@event.listens_for(Session, "before_commit")
def _write_queued(session: Session) -> None:
    queued = session.info.pop(QUEUED, None)
    if not queued:
        return
    session.flush()
    count = len(queued)
    head = update(TrailHead).values(last=TrailHead.last + count).returning(TrailHead.last, TrailHead.mac)
    last, mac = session.execute(head).one()
    key = trail_key()
    for number, row in enumerate(queued, last - count + 1):
        row.id, row.previous = number, mac
        row.mac = mac = _seal(row, key)
    session.add_all(queued)
    session.execute(update(TrailHead).values(mac=mac))
    session.flush()
    session.info.setdefault(WRITTEN, []).extend(queued)


@event.listens_for(Session, "after_commit")
def _tell_the_observers(session: Session) -> None:
    for row in session.info.pop(WRITTEN, ()):
        for observer in _observers:
            observer(row)


@event.listens_for(Session, "after_rollback")
def _forget_queued(session: Session) -> None:
    session.info.pop(QUEUED, None)
    session.info.pop(WRITTEN, None)


def head() -> Anchor:
    """Return the present end of the trail, to be kept outside the database."""
    row = db.session.get_one(TrailHead, 1, populate_existing=True)
    return Anchor(row.last, row.mac)


def verify(*anchors: Anchor) -> Finding | None:
    """Check the whole trail, its end, and each anchor; return the first thing wrong, or None.

    Rows that are written meanwhile are checked as well.
    """
    end, key, kept = head(), trail_key(), {anchor.last: anchor.mac for anchor in anchors}
    expected, mac = 1, ""
    try:
        for row in _all_rows():
            flaw = _flaw(row, expected, mac, key)
            if flaw is None and kept.get(row.id, row.mac) != row.mac:
                flaw = Flaw.NOT_ANCHORED
            if flaw is None and row.id == end.last and row.mac != end.mac:
                flaw = Flaw.HEAD
            if flaw is not None:
                return Finding(min(row.id, expected), flaw)
            expected, mac = row.id + 1, row.mac
    except _Unreadable as error:
        return Finding(error.row, Flaw.CHANGED)
    if max(end.last, *(anchor.last for anchor in anchors), 0) >= expected:
        return Finding(expected, Flaw.CUT)
    return None if head().last >= expected - 1 else Finding(expected - 1, Flaw.HEAD)


def _flaw(row: AuditEvent, expected: int, mac: str, key: bytes) -> Flaw | None:
    if row.id > expected:
        return Flaw.MISSING
    if row.id < expected or row.previous != mac:
        return Flaw.OUT_OF_PLACE
    try:
        genuine = hmac.compare_digest(str(row.mac).encode(), _seal(row, key).encode())
    except (TypeError, ValueError, AttributeError):  # SQLite takes anything in any column
        genuine = False
    return None if genuine else Flaw.CHANGED


class _Unreadable(Exception):
    """A column of this row holds what can never have been written into it."""

    def __init__(self, row: int) -> None:
        self.row = row


def _all_rows() -> Iterator[AuditEvent]:
    after = -(2**31)  # PostgreSQL's smallest integer: a row slipped in before the first shows as well
    while rows := _rows_after(after, BATCH):
        yield from rows
        after = rows[-1].id
        db.session.expunge_all()


def _rows_after(after: int, limit: int) -> list[AuditEvent]:
    following = select(AuditEvent).where(AuditEvent.id > after).order_by(AuditEvent.id)
    try:
        return list(db.session.scalars(following.limit(limit)))
    except (TypeError, ValueError):
        if limit > 1:
            return _rows_after(after, 1)
        number = following.with_only_columns(AuditEvent.id).limit(1)
        raise _Unreadable(db.session.scalars(number).one()) from None


def _content(row: AuditEvent) -> dict[str, object]:
    return {"at": row.at.isoformat(), **{column: getattr(row, column) for column in SEALED_COLUMNS}}


def _seal(row: AuditEvent, key: bytes) -> str:
    canonical = json.dumps(_content(row), sort_keys=True, separators=(",", ":"))
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()


def line(row: AuditEvent) -> str:
    """Return the row as one line of JSON; its `mac` makes every line an anchor."""
    return json.dumps({**_content(row), "mac": row.mac}, sort_keys=True)


def trail_key() -> bytes:
    """Return the key of the trail, made once and sealed under the data keys.

    It is also the canary: under other data keys it raises CannotUnseal, and the site must not start.
    """
    stored = select(SealedValue).where(SealedValue.name == TRAIL_KEY)
    row = db.session.scalar(stored)
    if row is None:
        place = SealedValue(name=TRAIL_KEY).place
        insert_once(SealedValue, name=TRAIL_KEY, sealed=vault().seal(secrets.token_hex(32), place))
        row = db.session.scalars(stored).one()
    return bytes.fromhex(vault().unseal(row.sealed, row.place))
