"""One page of a list of people, by any filters and in any order, at any size of the site.

If a filter leaves few people, these are looked up and put in order. Otherwise many people match, so that a
page is found by walking an index in the order of the list. With a million people both look at some thousand
rows where `FEW` parts them.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, select, tuple_, union_all
from sqlalchemy.orm import aliased

from mfa_app.core.common import page_keys, scope
from mfa_app.core.policy.state_lists import Ids, Listed
from mfa_app.core.users.filters import UserFilters, count_kept, listed_by
from mfa_app.extensions import db
from mfa_app.models import Membership, Role, User
from mfa_app.models.database import unindexed

PAGE = 50

FEW = 5_000

SAMPLE = 1_500  # of more than FEW people, those that are counted

SORTED_BY_LOGIN = 3_000  # the longest list that is put in this order

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
    """The users with these roles whom the filters find, in an order; `scope_of`: within this user's scope."""

    filters: UserFilters
    roles: frozenset[Role]
    order: Order
    scope_of: int | None = None

    @property
    def hidden(self) -> Where:
        """The conditions on roles."""
        others = frozenset(Role) - self.roles
        return [unindexed(User.role).not_in(others)] if others else []

    def lists(self, now: datetime) -> tuple[Listed, ...]:
        """Return a list for each filter and one for the scope, which comes first."""
        if self.scope_of is None:
            return tuple(listed_by(self.filters, self.hidden, now=now))
        inside = scope.has_person(self.scope_of)
        of_scope = Listed(inside, (scope.people_of(self.scope_of),))
        return of_scope, *listed_by(self.filters, [*self.hidden, inside], now=now)


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
    filters, order, place = wanted.filters, wanted.order, _Place(after, before)
    lists = wanted.lists(now)
    where = _where(wanted, lists)
    counted = count_kept(filters, wanted.roles, wanted.scope_of) if filters.are_counted else None
    walked = counted is not None and order is Order.EMAIL and wanted.scope_of is None
    few = None if walked else _fewest(lists)
    if few is not None:
        where.append(_among(few))
    if order is Order.LAST_LOGIN:
        short = few is not None or (counted is not None and counted <= SORTED_BY_LOGIN)
        found = _by_last_login(where, place) if short else None
        if found is not None:
            return found
        order = Order.EMAIL
    if few is not None:
        return _page_of_few(_Keyed(order, None), where, place)
    keyed = _Keyed(order, filters.group_id)
    total = _sampled(where, lists) if counted is None else Total(counted)
    rows = list(db.session.execute(keyed.page(place).where(*where, *_in_order(lists, keyed, filters))))
    return keyed.found(rows, place, total)


def all_people(wanted: PeopleList, *, now: datetime) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of everyone on a list, on however many pages: id and key of the email address."""
    lists = wanted.lists(now)
    where, few = _where(wanted, lists), _fewest(lists)
    if few is not None:
        where.append(_among(few))
    return select(User.id, User.email_key).where(*where)


def _where(wanted: PeopleList, lists: Sequence[Listed]) -> Where:
    return [*(one.condition for one in lists), *wanted.hidden]


class _Keyed:
    """The SELECT of ids with the columns that say their order; a group's members are in its own order."""

    def __init__(self, order: Order, group_id: int | None) -> None:
        self.order, self.statement = order, select(User.id)
        self.member = aliased(Membership)  # else a condition on memberships would be one on this membership
        self.of_group = group_id is not None and order is Order.EMAIL
        columns: dict[Order, Any] = {Order.NAME: User.name_key, Order.ADDED: User.created_at}
        self.key = columns.get(order, User.email_key)
        if self.of_group:
            self.key = self.member.email_key
            self.statement = self.statement.join(self.member, self.member.user_id == User.id).where(
                self.member.group_id == group_id
            )
        self.statement = self.statement.add_columns(self.key.label("key"))

    def page(self, place: _Place) -> Select[Any]:
        """Return the SELECT of the rows of a page, and one more."""
        return self._from_place(self.statement, self.key, User.id, place)

    def page_with_total(self, where: Where, place: _Place) -> Select[Any]:
        """Return the same of those who meet these conditions, with the number of all of them in each row."""
        found = self.statement.where(*where).cte("found")
        total = select(func.count()).select_from(found).scalar_subquery().label("total")
        return self._from_place(select(found.c.id, found.c.key, total), found.c.key, found.c.id, place)

    def found(self, rows: list[Any], place: _Place, total: Total) -> Found:
        """Return the page that has these rows."""
        more, rows = len(rows) > PAGE, rows[:PAGE]
        if place.backwards:
            rows.reverse()
        has_before = more if place.backwards else place.after is not None
        if not total.exact:  # a sample may have missed those who are shown
            total = replace(total, number=max(total.number, len(rows)))
        return Found(
            [row.id for row in rows],
            before=self._key_of(rows[0]) if rows and has_before else None,
            after=self._key_of(rows[-1]) if rows and (more or place.backwards) else None,
            total=total,
            order=self.order,
        )

    def _from_place(self, statement: Select[Any], key: Any, user_id: Any, place: _Place) -> Select[Any]:
        columns = [key] if self.order is Order.EMAIL else [key, user_id]
        descending = place.backwards != (self.order is Order.ADDED)
        begins = self._read(place.key)
        if begins is not None:
            at = tuple_(*columns) if len(columns) > 1 else key
            statement = statement.where(at < begins if descending else at > begins)
        return statement.order_by(*(one.desc() if descending else one for one in columns)).limit(PAGE + 1)

    def _key_of(self, row: Any) -> str:
        if self.order is Order.EMAIL:
            return str(row.key)
        return page_keys.key_of(row.key, row.id) if self.order is Order.ADDED else f"{row.key}_{row.id}"

    def _read(self, key: str | None) -> Any:
        if key is None or self.order is Order.EMAIL:
            return key
        if self.order is Order.ADDED:
            return page_keys.read_key(key)
        name, _, user_id = key.rpartition("_")
        return (name, int(user_id)) if user_id.isdecimal() and len(user_id) < 10 else None


def _page_of_few(keyed: _Keyed, where: Where, place: _Place) -> Found:
    rows = list(db.session.execute(keyed.page_with_total(where, place)))
    return keyed.found(rows, place, Total(rows[0].total if rows else 0))


def _by_last_login(where: Where, place: _Place) -> Found | None:
    """Return a page of a list if it is short: no index has this order, so that a login writes none.

    Its keys are numbers of rows.
    """
    by_email = select(User.id, User.last_login_at).where(*where).order_by(User.email_key)
    found = db.session.execute(by_email.limit(SORTED_BY_LOGIN + 1))
    never = datetime.min.replace(tzinfo=UTC)
    rows = sorted(found, key=lambda row: row.last_login_at or never)
    if len(rows) > SORTED_BY_LOGIN:
        return None
    ids = [row.id for row in rows]
    given = place.key if place.key is not None and place.key.isdecimal() else "0"
    start = int(given[:9]) - (PAGE if place.backwards else 0)
    start = max(0, min(start, len(ids)))
    end = min(start + PAGE, len(ids))
    return Found(
        ids[start:end],
        before=str(start) if start else None,
        after=str(end) if end < len(ids) else None,
        total=Total(len(ids)),
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


def _sampled(where: Where, lists: Sequence[Listed]) -> Total:
    """Return how many of the first candidates of one of these lists meet the conditions."""
    narrow = [one.candidates for one in lists if one.candidates]
    sample = _together([select(one.limit(SAMPLE).subquery().c[0]) for one in narrow[0]])
    first = select(sample.limit(SAMPLE).subquery().c[0])
    counted = select(func.count()).select_from(User).where(*where, _among(first))
    return Total(db.session.scalars(counted).one(), exact=False)
