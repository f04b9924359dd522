"""The hash chain that reveals tampering: the MAC of each row of the trail covers the row before it too."""

import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.orm import Session

from mfa_app.core.keys.vault import vault
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, SealedValue, TrailHead
from mfa_app.models.database import insert_once, table_of
from mfa_app.models.row_facts import AnyEvent, EventFacts
from mfa_app.site import site

TRAIL_KEY = "trail key"

_CANONICAL, _LINE = json.JSONEncoder(sort_keys=True, separators=(",", ":")), json.JSONEncoder(sort_keys=True)

_HEAD, _VALUES = table_of(TrailHead), table_of(SealedValue)

# Locks the head and raises its number. A trigger sets its MAC to that of the row with this number.
_RAISE = (
    update(_HEAD)
    .values(last=_HEAD.c.last + bindparam("count"))
    .returning(
        _HEAD.c.last,
        _HEAD.c.mac,
        select(_VALUES.c.sealed).where(_VALUES.c.name == TRAIL_KEY).scalar_subquery(),
    )
)

_INSERT = insert(table_of(AuditEvent))

BATCH = 1000  # rows that are sealed and inserted at once

QUEUED, WRITTEN = "trail_queued", "trail_written"

# What a row's seal covers, by the names that stand in every line ever streamed: they never change.
SEALED = {
    **{
        name: name
        for name in ("id", "event", "actor_kind", "actor_id", "actor_name", "subject_id", "subject_name")
    },
    "address": "ip_address",
    **{name: name for name in ("user_agent", "details", "previous")},
}


@dataclass(frozen=True)
class Anchor:
    """The number and the MAC of a row, kept outside the database to reveal that rows were cut off."""

    last: int
    mac: str


Observer = Callable[[EventFacts], None]


class RowObservers:
    """Functions that an application calls with every new row, once its commit has succeeded."""

    def __init__(self, *observers: Observer) -> None:
        self.observers = observers


def append(row: EventFacts) -> None:
    """Add a row to the trail with the commit of this transaction. If the row can't be saved, nothing is.

    Rows are chained just before the commit, so the head of the chain is always the last lock taken and two
    transactions can't deadlock on it.
    """
    db.session().info.setdefault(QUEUED, []).append(row)


class Batch:
    """Rows that are made when they are written, because together they would fill the memory.

    Observers are told of them by `tell_of`, after the commit.
    """

    def __init__(self, rows: Iterable[EventFacts]) -> None:
        self.rows = rows
        self.first, self.last = 0, -1  # their numbers, once they are written


def append_batch(batch: Batch) -> None:
    """Add many rows to the trail with the commit of this transaction, as `append` adds one."""
    db.session().info.setdefault(QUEUED, []).append(batch)


def tell_of(batch: Batch) -> None:
    """Call the observers with each row of a batch whose commit has succeeded."""
    following = select(AuditEvent).where(AuditEvent.id <= batch.last).order_by(AuditEvent.id).limit(BATCH)
    after = batch.first - 1
    while rows := db.session.scalars(following.where(AuditEvent.id > after)).all():
        after = rows[-1].id
        for row in rows:
            for observer in site()[RowObservers].observers:
                observer(EventFacts(**_values(row)))
    db.session.rollback()


@event.listens_for(Session, "before_commit")
def _write_queued(session: Session) -> None:
    queued = session.info.pop(QUEUED, None)
    if not queued:
        return
    session.flush()
    single: list[EventFacts] = []
    for entry in queued:
        if isinstance(entry, Batch):
            _write(session, single)
            _write_batch(session, entry)
            single = []
        else:
            single.append(entry)
    _write(session, single)


def _write_batch(session: Session, batch: Batch) -> None:
    rows = iter(batch.rows)
    while some := list(islice(rows, BATCH)):
        written = _seal_and_insert(session, some)
        batch.first, batch.last = batch.first or written[0]["id"], written[-1]["id"]


def _write(session: Session, rows: list[EventFacts]) -> None:
    if rows:
        written = [EventFacts(**values) for values in _seal_and_insert(session, rows)]
        session.info.setdefault(WRITTEN, []).extend(written)


def _seal_and_insert(session: Session, queued: list[EventFacts]) -> list[dict[str, Any]]:
    count = len(queued)
    last, mac, sealed = session.execute(_RAISE, {"count": count}).one()
    key = _kept_key(sealed) if sealed else trail_key()
    rows = []
    for number, row in enumerate(queued, last - count + 1):
        values = {**vars(row), "id": number, "previous": mac}
        values["mac"] = mac = _mac(_content(values), key)
        rows.append(values)
    session.execute(_INSERT, rows)
    return rows


@event.listens_for(Session, "after_commit")
def _tell_the_observers(session: Session) -> None:
    for row in session.info.pop(WRITTEN, ()):
        for observer in site()[RowObservers].observers:
            observer(row)


@event.listens_for(Session, "after_rollback")
def _forget_queued(session: Session) -> None:
    session.info.pop(QUEUED, None)
    session.info.pop(WRITTEN, None)


def head(session: Session | None = None) -> Anchor:
    """Return the current end of the trail, to be kept outside the database."""
    row = (session or db.session()).get_one(TrailHead, 1, populate_existing=True)
    return Anchor(row.last, row.mac)


def _values(row: AnyEvent) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(EventFacts)}


def _content(values: Mapping[str, Any]) -> dict[str, object]:
    return {"at": values["at"].isoformat(), **{name: values[column] for name, column in SEALED.items()}}


def _mac(content: dict[str, object], key: bytes) -> str:
    return hmac.digest(key, _CANONICAL.encode(content).encode(), "sha256").hex()


def seal_row(row: AnyEvent, key: bytes) -> str:
    """Return the seal that a row must have; the one that it has, if any, is not looked at."""
    return _mac(_content({column: getattr(row, column) for column in ("at", *SEALED.values())}), key)


def line(row: AnyEvent) -> str:
    """Return the row as one line of JSON. Its `mac` makes every line usable as an anchor."""
    return _LINE.encode({**_content(_values(row)), "mac": row.mac})


def _kept_key(sealed: str) -> bytes:
    """Return the key of the trail from its text as it is stored now, so that another text is another key."""
    return bytes.fromhex(vault().unseal_and_keep(sealed, SealedValue(name=TRAIL_KEY).seal_context))


def trail_key() -> bytes:
    """Return the key of the trail. It is created once and sealed under the data keys.

    It also detects wrong data keys: with those it raises CannotUnseal, and the site must not start.
    """
    stored = select(SealedValue).where(SealedValue.name == TRAIL_KEY)
    row = db.session.scalar(stored)
    if row is None:
        place = SealedValue(name=TRAIL_KEY).seal_context
        insert_once(SealedValue, name=TRAIL_KEY, sealed=vault().seal(secrets.token_hex(32), place))
        row = db.session.scalars(stored).one()
    return bytes.fromhex(vault().unseal(row.sealed, row.seal_context))
