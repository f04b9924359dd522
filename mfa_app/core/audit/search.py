"""Reading the audit trail: search, pages and the export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CompoundSelect, and_, bindparam, func, or_, select, union

from mfa_app.core.audit import happenings
from mfa_app.core.audit.events import Event, record
from mfa_app.core.audit.happenings import AHEAD, PAGE, Happening
from mfa_app.core.common import search_words
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.permissions import Permission
from mfa_app.extensions import db
from mfa_app.models import AuditEvent

BATCH = 500

_LATEST = happenings.with_people().order_by(AuditEvent.id.desc()).limit(bindparam("count"))

# If the rarest word has fewer rows than this, we collect and sort the events of its users. Otherwise we read
# the newest events until a page is full, which is quick unless several words have few users in common.
FEW, FEW_OF_SEVERAL = 20_000, 200_000


@dataclass(frozen=True)
class TrailSearch:
    """What somebody looks for; `until` is the first moment after the span.

    `person` acted or was acted on: words of a name or an email address, an address of the past, or the name
    of who used the terminal. `user_id` is the one user who has that address now; then nobody else is meant.
    """

    person: str = ""
    user_id: int | None = None
    event: Event | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class TrailPage:
    """Rows of the trail, newest first. `before` is the row number to pass to get the next page, or None."""

    rows: tuple[Happening, ...] = ()
    before: int | None = None


def read(search: TrailSearch, *, before: int | None = None) -> TrailPage:
    """Return one page of the trail, newest first: the rows with a number below `before`.

    It has up to PAGE rows: less where that keeps the steps of a login together.
    """
    below = AuditEvent.id < happenings.limit_of(before), *_conditions(search)
    found = happenings.with_people().where(*below)
    if search.person:
        found = happenings.with_people().where(AuditEvent.id.in_(_newest(search, below)))
    rows = happenings.newest(found)
    shown = happenings.whole_logins(rows, PAGE)
    return TrailPage(tuple(shown), shown[-1].row.id if len(shown) < len(rows) else None)


def _newest(search: TrailSearch, conditions: Sequence[ColumnElement[bool]]) -> CompoundSelect[int]:
    """Return the SELECT of the numbers of the newest rows of each kind, so that an index serves each kind."""
    newest = (
        select(AuditEvent.id)
        .where(kind, *conditions)
        .order_by(AuditEvent.id.desc())
        .limit(PAGE + AHEAD)
        .subquery()
        for kind in _about(search)
    )
    return union(*(select(rows.c.id) for rows in newest))


def latest(count: int) -> list[Happening]:
    """Return the newest rows."""
    return happenings.read(_LATEST, count=count)


def latest_ip_addresses(count: int) -> list[str]:
    """Return the IP addresses of users and visitors in the newest rows of the trail."""
    theirs = (AuditEvent.actor_kind.in_((ActorKind.PERSON, ActorKind.VISITOR)), AuditEvent.ip_address != "")
    newest = select(AuditEvent.ip_address).where(*theirs).order_by(AuditEvent.id.desc())
    return list(db.session.scalars(newest.limit(count)))


def export(search: TrailSearch, *, actor: Actor) -> Iterator[Happening]:
    """Record the export and return the rows that existed before it, newest first. Raises NotAllowed."""
    actor.require(Permission.READ_TRAIL)
    conditions = _conditions(search)
    if search.person:
        conditions.append(or_(*_about(search)))
    found = select(func.count(AuditEvent.id), func.max(AuditEvent.id)).where(*conditions)
    count, last = db.session.execute(found).one()
    record(Event.TRAIL_EXPORTED, actor=actor, rows=count)
    return _batches(conditions, (last or 0) + 1)


def _batches(conditions: list[ColumnElement[bool]], before: int) -> Iterator[Happening]:
    """Yield rows, newest first, without holding all of them, or a connection, while the reader is slow."""
    found = happenings.with_people().where(*conditions)
    while True:
        batch = found.where(AuditEvent.id < before).order_by(AuditEvent.id.desc()).limit(BATCH)
        rows = happenings.read(batch)
        db.session.rollback()  # nothing was written; this returns the connection to the pool
        if not rows:
            return
        yield from rows
        before = rows[-1].row.id


def _conditions(search: TrailSearch) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search.event is not None:
        conditions.append(AuditEvent.event == search.event.label)
    if search.since is not None:
        conditions.append(AuditEvent.at >= search.since)
    if search.until is not None:
        conditions.append(AuditEvent.at < search.until)
    return conditions


def _about(search: TrailSearch) -> list[ColumnElement[bool]]:
    """Return the ways in which a row can be about the person: one of these conditions is enough."""
    by_id = AuditEvent.actor_id, AuditEvent.subject_id
    if search.user_id is not None:
        return [column == search.user_id for column in by_id]
    names = AuditEvent.actor_name, AuditEvent.subject_name
    was = [func.lower(column) == search.person.lower() for column in names]
    words = search_words.typed(search.person)
    if not words:
        return was
    few = FEW if len(words) == 1 else FEW_OF_SEVERAL
    words, rows = search_words.rarest_first(words, up_to=few)
    if rows < few:
        found = search_words.users_with(words)
        return [*(column.in_(found) for column in by_id), *was]
    return [*(and_(*(search_words.has_word(column, word) for word in words)) for column in by_id), *was]
