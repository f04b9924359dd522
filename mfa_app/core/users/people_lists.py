"""One page of a list of people, by any filters and in any order, at any size of the site.

If a filter leaves few people, these are looked up and put in order. Otherwise many people match, so that a
page is found by walking an index in the order of the list. With a million people both look at some thousand
rows where `FEW` parts them.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, select, tuple_, union_all
from sqlalchemy.orm import aliased

from mfa_app.core.policy.state_lists import Ids, Listed
from mfa_app.core.users.filters import UserFilters, count_kept, listed_by
from mfa_app.extensions import db
from mfa_app.models import Membership, Role, User

PAGE = 50

FEW = 7_000

SAMPLE = 2_000  # of more than FEW people, those that are counted

Where = list[ColumnElement[bool]]


class Order(enum.StrEnum):
    """By email address; by name; newest account first; longest without a login first."""

    EMAIL = "email"
    NAME = "name"
    ADDED = "added"
    LAST_LOGIN = "login"


@dataclass(frozen=True)
class Total:
    """How many people are on all pages of a list; if not `exact`, that there are at least so many."""

    number: int
    exact: bool = True


@dataclass(frozen=True)
class PeopleList:
    """The users with these roles whom the filters find, in an order."""

    filters: UserFilters
    roles: frozenset[Role]
    order: Order


@dataclass(frozen=True)
class Found:
    """The ids on one page, and the keys to pass for the previous and next one, or None.

    `order`: by email address if the list is too long for the order that was asked for.
    """

    ids: list[int]
    before: str | None
    after: str | None
    total: Total
    order: Order


@dataclass(frozen=True)
class _Place:
    """Where a page begins or ends: after a key or before one, else at the first."""

    after: str | None
    before: str | None

    @property
    def backwards(self) -> bool:
        return self.after is None and self.before is not None

    @property
    def key(self) -> str | None:
        return self.before if self.backwards else self.after


def find(wanted: PeopleList, *, now: datetime, after: str | None = None, before: str | None = None) -> Found:
    """Return one page of a list. Keys are those of another page of the same list; others give some page."""
    place, lists = _Place(after, before), tuple(listed_by(wanted.filters, now=now))
    where: Where = [one.condition for one in lists]
    if hidden := frozenset(Role) - wanted.roles:
        where.append(func.coalesce(User.role, "").not_in(hidden))
    order, total = wanted.order, None
    if wanted.filters.are_counted:
        total = Total(count_kept(wanted.filters, wanted.roles))
    few = None if total and order is Order.EMAIL else _fewest(lists)
    if few is not None:
        where.append(_among(few))
    total = total or _total(where, few, lists)
    if order is Order.LAST_LOGIN and (total.number > FEW or not total.exact):
        order = Order.EMAIL
    if order is Order.LAST_LOGIN:
        return _by_last_login(where, place, total)
    keyed = _Keyed(order, wanted.filters.group_id if few is None else None)
    if few is None:
        where += _in_order(lists, keyed, wanted.filters)
    return _page(keyed, where, place, total)


class _Keyed:
    """The SELECT of ids with the columns that say their order; a group's members are in its own order."""

    def __init__(self, order: Order, group_id: int | None) -> None:
        self.order, self.statement = order, select(User.id)
        self.member = aliased(Membership)  # else a condition on memberships would be one on this membership
        self.of_group = group_id is not None and order is Order.EMAIL
        columns: dict[Order, Any] = {Order.NAME: User.name_key, Order.ADDED: User.created_at}
        self.column = columns.get(order, User.email_key)
        if self.of_group:
            self.column = self.member.email_key
            self.statement = self.statement.join(self.member, self.member.user_id == User.id).where(
                self.member.group_id == group_id
            )
        self.statement = self.statement.add_columns(self.column)

    def from_place(self, place: _Place) -> Select[Any]:
        """Return the SELECT of the rows of a page, and one more."""
        columns = [self.column] if self.order is Order.EMAIL else [self.column, User.id]
        descending = place.backwards != (self.order is Order.ADDED)
        statement, begins = self.statement, self._read(place.key)
        if begins is not None:
            key = tuple_(*columns) if len(columns) > 1 else self.column
            statement = statement.where(key < begins if descending else key > begins)
        return statement.order_by(*(one.desc() if descending else one for one in columns)).limit(PAGE + 1)

    def key_of(self, row: Any) -> str:
        """Return the key of a row."""
        user_id, value = row
        if self.order is Order.EMAIL:
            return str(value)
        return f"{value.isoformat() if self.order is Order.ADDED else value}_{user_id}"

    def _read(self, key: str | None) -> Any:
        if key is None or self.order is Order.EMAIL:
            return key
        value, _, user_id = key.rpartition("_")
        if not user_id.isdecimal() or len(user_id) > 9:
            return None
        return (value if self.order is Order.NAME else _moment(value), int(user_id))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _page(keyed: _Keyed, where: Where, place: _Place, total: Total) -> Found:
    rows = list(db.session.execute(keyed.from_place(place).where(*where)))
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if place.backwards:
        rows.reverse()
    has_before = more if place.backwards else place.after is not None
    return Found(
        [row.id for row in rows],
        before=keyed.key_of(rows[0]) if rows and has_before else None,
        after=keyed.key_of(rows[-1]) if rows and (more or place.backwards) else None,
        total=total,
        order=keyed.order,
    )


def _by_last_login(where: Where, place: _Place, total: Total) -> Found:
    """Return a page of a short list: no index has it, so that a login writes none.

    Its keys are numbers of rows.
    """
    statement = select(User.id, User.last_login_at).where(*where).order_by(User.email_key).limit(FEW)
    never = datetime.min.replace(tzinfo=UTC)
    rows = sorted(db.session.execute(statement), key=lambda row: row.last_login_at or never)
    ids = [row.id for row in rows]
    given = place.key if place.key is not None and place.key.isdecimal() else "0"
    start = int(given[:9]) - (PAGE if place.backwards else 0)
    start = max(0, min(start, len(ids)))
    end = min(start + PAGE, len(ids))
    return Found(
        ids[start:end],
        before=str(start) if start else None,
        after=str(end) if end < len(ids) else None,
        total=total,
        order=Order.LAST_LOGIN,
    )


def _in_order(lists: Sequence[Listed], keyed: _Keyed, filters: UserFilters) -> Where:
    """Return the condition of the index to walk, in the order of email addresses."""
    if keyed.of_group:
        linked = filters.implied_linked
        return [] if linked is None else [keyed.member.linked == linked]
    if keyed.order is not Order.EMAIL:
        return []
    return [one.in_order for one in lists if one.in_order is not None][:1]


def _fewest(lists: Sequence[Listed]) -> Ids | None:
    """Return the SELECT of the ids on the shortest of these lists if it is short, else None. One SELECT."""
    narrow = [one.candidates for one in lists if one.candidates is not None]
    if not narrow:
        return None
    sizes = db.session.execute(select(*(_size(candidates) for candidates in narrow))).one()
    size, number = min((size, number) for number, size in enumerate(sizes))
    return _together(narrow[number]) if size <= FEW else None


def _size(candidates: tuple[Ids, ...]) -> ColumnElement[int]:
    size: ColumnElement[int] = literal(0)
    for one in candidates:
        size = size + select(func.count()).select_from(one.limit(FEW + 1).subquery()).scalar_subquery()
    return size


def _together(candidates: Sequence[Ids]) -> Any:
    return union_all(*candidates) if candidates else select(User.id).where(false())


def _among(ids: Any) -> ColumnElement[bool]:
    """Return whether a User is one of a few: PostgreSQL could take them for many, and look at everybody."""
    if db.engine.name == "postgresql":
        return User.id == func.any(func.array(ids.scalar_subquery()))
    return User.id.in_(ids)


def _total(where: Where, few: Any, lists: Sequence[Listed]) -> Total:
    """Return how many users there are if they are few, else how many of a sample of them."""
    if few is not None:
        return Total(db.session.scalars(select(func.count()).select_from(User).where(*where)).one())
    narrow = [one.candidates for one in lists if one.candidates]
    sample = _together([select(one.limit(SAMPLE).subquery().c[0]) for one in narrow[0]])
    counted = select(func.count()).select_from(User).where(*where, _among(sample))
    return Total(db.session.scalars(counted).one(), exact=False)
