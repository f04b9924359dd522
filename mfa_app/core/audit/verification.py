"""Checks the whole audit trail: every row, its order, its end and its anchors."""

import enum
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mfa_app.core.audit import chain
from mfa_app.core.audit.chain import Anchor
from mfa_app.extensions import db
from mfa_app.models import AuditEvent

BATCH = 1000


class Flaw(enum.Enum):
    """What can be wrong with the trail. The sentences are in cli/audit_verify."""

    MISSING = enum.auto()
    OUT_OF_PLACE = enum.auto()  # the row does not follow the one before it
    CHANGED = enum.auto()
    NOT_ANCHORED = enum.auto()  # the row is not the one that was anchored
    CUT = enum.auto()  # the end of the trail was cut off
    HEAD = enum.auto()  # the head does not fit the last row


@dataclass(frozen=True)
class Finding:
    """The first thing that verification found wrong: the row's number and the flaw."""

    row: int
    what: Flaw


def verify(*anchors: Anchor) -> Finding | None:
    """Verify the whole trail, its end and each anchor. Return the first flaw, or None.

    Rows written during the verification are verified too.
    """
    return verify_with(db.session(), chain.trail_key(), *anchors)


def verify_with(session: Session, key: bytes, *anchors: Anchor) -> Finding | None:
    """Do the same with the database of this session and the key of its trail."""
    end, kept = chain.head(session), {anchor.last: anchor.mac for anchor in anchors}
    expected, mac = 1, ""
    try:
        for row in _all_rows(session):
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
    return None if chain.head(session).last >= expected - 1 else Finding(expected - 1, Flaw.HEAD)


def _flaw(row: AuditEvent, expected: int, mac: str, key: bytes) -> Flaw | None:
    if row.id > expected:
        return Flaw.MISSING
    if row.id < expected or row.previous != mac:
        return Flaw.OUT_OF_PLACE
    try:
        genuine = hmac.compare_digest(str(row.mac).encode(), chain.seal_row(row, key).encode())
    except (TypeError, ValueError, AttributeError):  # SQLite accepts any type in any column
        genuine = False
    return None if genuine else Flaw.CHANGED


class _Unreadable(Exception):
    """A column of this row holds a value that this program can't have written."""

    def __init__(self, row: int) -> None:
        self.row = row


def _all_rows(session: Session) -> Iterator[AuditEvent]:
    after = -(2**31)  # PostgreSQL's smallest integer: finds a row inserted before the first one too
    while rows := _rows_after(session, after, BATCH):
        yield from rows
        after = rows[-1].id
        session.expunge_all()


def _rows_after(session: Session, after: int, limit: int) -> list[AuditEvent]:
    following = select(AuditEvent).where(AuditEvent.id > after).order_by(AuditEvent.id)
    try:
        return list(session.scalars(following.limit(limit)))
    except (TypeError, ValueError):
        if limit > 1:
            return _rows_after(session, after, 1)
        number = following.with_only_columns(AuditEvent.id).limit(1)
        raise _Unreadable(session.scalars(number).one()) from None
