"""The people under a rule whose own dates matter: who is or was exempt or has a deadline of their
own, and who may be in a grace period.

They are few, and looked up one by one; all others are counted in core/policy/crowd.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    func,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

from mfa_app.core.policy import crowd
from mfa_app.core.policy.conditions import (
    COUNTED,
    NO_DEMAND,
    Demand,
    any_of,
    counted_of_each,
    demand_of,
    demand_of_group,
    has_longer,
    is_exempt,
    of_user,
)
from mfa_app.core.policy.graces import Case, Graces, came_under
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User

Columns = list[ColumnElement[Any]]


@cache
def with_exemption() -> Select[int]:
    """Return the SELECT of the ids of all who have an exemption, in force or not."""
    return _holders(lambda user: user.exempt_until.is_not(None))


@cache
def _with_deadline() -> Select[int]:
    return _holders(lambda user: user.link_by.is_not(None))


@cache
def _with_role(role: Role) -> Select[int]:
    return _holders(lambda user: user.role == role)


def _holders(condition: Callable[[Any], ColumnElement[bool]]) -> Select[int]:
    """Return the SELECT of the ids of all who meet a condition that an index knows.

    As a SELECT of its own: else SQLite would rather read all members of a group. To make one takes longer
    than to run it, so each is made once.
    """
    holder = aliased(User)
    return select(holder.id).where(condition(holder))


def with_own_dates() -> Select[int] | CompoundSelect[int]:
    """Return the SELECT of the ids of all with an exemption or a deadline of their own, in force or not.

    Who has both may be there twice.
    """
    return _with_own_dates(db.engine.name)


@cache
def _with_own_dates(database: str) -> Select[int] | CompoundSelect[int]:
    """Return it so that each database reads two small indexes.

    PostgreSQL would take a union for large, and SQLite can't use these two for one OR.
    """
    holder = aliased(User)
    exempt, longer = holder.exempt_until.is_not(None), holder.link_by.is_not(None)
    if database == "postgresql":
        return select(holder.id).where(or_(exempt, longer))
    return union_all(select(holder.id).where(exempt), select(holder.id).where(longer))


class NamedAdministrator(NamedTuple):
    """An administrator under a rule. `linked`: has an app or a passkey."""

    email: str
    linked: bool
    has_passkey: bool


class Individuals:
    """Enabled users under the rule of a group, or of everyone (None); `everyone` is the rule for everyone."""

    def __init__(self, scope: Group | None, everyone: RuleValues) -> None:
        self._scope, self._everyone, self._membership = scope, everyone, aliased(Membership)
        self.graces = Graces(scope, everyone)
        self.joined: Any = User.created_at if scope is None else self._membership.joined_at
        self.email_key: Any = User.email_key if scope is None else self._membership.email_key

    def count_with_own_dates(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Count who has an exemption or a deadline of their own, in force or not.

        Return how many are not exempt now, how many of those have no app or passkey, how many of those have
        no passkey, and how many are exempt now; then what `conditions.counted_of_each` says of these cases.
        """
        facts, times = of_user(), [at for at, _values in cases]
        others = _others(self._scope, with_own_dates(), self.graces.days, times)
        free = ~is_exempt(facts, now)
        conditions = [free, free & ~facts.linked, free & ~facts.has_passkey, ~free]
        conditions += counted_of_each(facts, self._demands(cases, others), times)
        columns: Columns = [func.count().filter(condition) for condition in conditions]
        return list(db.session.execute(self._counted(with_own_dates(), columns, others)).one())

    def count_in_grace(self, cases: Sequence[Case]) -> list[int]:
        """Return by how much each sum of the crowd is too high; below zero, it is too low.

        The sums take grace that is over for some only as over for all, or for nobody. They are in the order
        of `conditions.counted_of_each`.
        """
        counts = [0] * (COUNTED * len(cases) + 2)
        matter = [number for number, case in enumerate(cases) if self.graces.matter(case)]
        if not matter:
            return counts
        ids = self._in_or_out_of_grace([cases[number] for number in matter])
        numbers = sorted({0, *matter, len(cases) - 1})
        found = db.session.execute(self._too_much(ids, [cases[number] for number in numbers])).one()
        places = [number * COUNTED + place for number in numbers for place in range(COUNTED)]
        for place, count in zip([*places, -2, -1], found, strict=True):
            counts[place] = count
        return counts

    def _too_much(self, ids: Any, cases: Sequence[Case]) -> Select[Any]:
        times = [at for at, _values in cases]
        of_cohorts = crowd.others_of_cohorts(self._scope, cases, self.graces)
        partly = self.graces.others_are_partly_over(times)
        others = _others(self._scope, ids, self.graces.days, times) if partly else of_cohorts
        assumed = crowd.assumed(self._scope, self._everyone, cases, self.graces, of_cohorts)
        facts = replace(of_user(), exempt_until=None, link_by=None)
        each = (counted_of_each(facts, demands, times) for demands in (assumed, self._demands(cases, others)))
        columns = [
            func.count().filter(late) - func.count().filter(right) for late, right in zip(*each, strict=True)
        ]
        of_crowd = User.exempt_until.is_(None), User.link_by.is_(None)
        found = self._counted(ids, columns, others).where(*of_crowd)
        return found.outerjoin(of_cohorts, of_cohorts.c.cohort_id == User.cohort_id) if partly else found

    def last_deadline(self, values: RuleValues, *, now: datetime) -> datetime | None:
        """Return when the last of those must have what these values want who may lack it for a while.

        That is the end of a grace period or a deadline of their own, but for those who are exempt now.
        """
        if not values.required:
            return None
        facts = of_user()
        linked = facts.linked if self._scope is None else self._membership.linked
        free, lacking = ~is_exempt(facts, now), [~linked]
        if values.passkey_only:
            lacking.append(linked & ~facts.has_passkey)
        dated = User.id.in_(_with_deadline())
        ends = [self._last(User.link_by, dated, free, or_(*lacking), has_longer(facts, now))]
        if values.grace_days:
            recent = self.joined > now - values.grace
            joined = [self._last(self.joined, free, recent, condition) for condition in lacking]
            ends += [moment + values.grace for moment in joined if moment is not None]
        return max((end for end in ends if end is not None), default=None)

    def _last(self, moment: Any, *where: ColumnElement[bool]) -> datetime | None:
        """Return the latest of these times, found from the end of an index where there is one."""
        last = self.under_rule(select(moment).select_from(User)).where(*where)
        found: datetime | None = db.session.scalar(last.order_by(moment.desc()).limit(1))
        return found

    def exemptions(self, limit: int, *, now: datetime) -> tuple[tuple[str, datetime], ...]:
        """Return the first of those who are exempt, by email address, each with the end of the exemption."""
        exempt = User.id.in_(with_exemption()), is_exempt(of_user(), now)
        return self._named((User.exempt_until,), limit, *exempt)

    def administrators(self, limit: int) -> tuple[NamedAdministrator, ...]:
        """Return the first administrators by email address."""
        administrators = User.id.in_(_with_role(Role.ADMIN))
        named = self._named((User.linked, User.has_passkey), limit, administrators)
        return tuple(NamedAdministrator(*columns) for columns in named)

    def _named(self, facts: tuple[Any, ...], limit: int, *where: ColumnElement[bool]) -> tuple[Any, ...]:
        named = self.under_rule(select(User.email, *facts).select_from(User)).where(*where)
        return tuple(tuple(row) for row in db.session.execute(named.order_by(User.email_key).limit(limit)))

    def _demands(self, cases: Sequence[Case], others: Subquery) -> list[Demand]:
        return [self.demand(each, crowd.demand_in(others, number)) for number, each in enumerate(cases)]

    def _counted(self, ids: Any, columns: Columns, others: Subquery) -> Select[Any]:
        """Return the SELECT of these columns, where `others` has one row for each user, or each cohort."""
        key = others.c.user_id == User.id if "user_id" in others.c else others.c.cohort_id == User.cohort_id
        counted = self.under_rule(select(*columns).select_from(User)).where(User.id.in_(ids))
        return counted.outerjoin(others, key)

    def demand(self, case: Case, others: Demand) -> Demand:
        """Return what all rules ask of somebody in a case, where the rules of other groups ask this."""
        at, values = case
        everyone = NO_DEMAND if self._scope is None else demand_of(self._everyone, User.created_at, at=at)
        return any_of(demand_of(values, self.joined, at=at), others, everyone)

    def under_rule(self, statement: Select[Any]) -> Select[Any]:
        """Return a SELECT from User that is narrowed to enabled users under the rule."""
        if self._scope is not None:
            member = (self._membership.user_id == User.id) & (self._membership.group_id == self._scope.id)
            statement = statement.join(self._membership, member)
        return statement.where(User.disabled_at.is_(None))

    def _in_or_out_of_grace(self, cases: Sequence[Case]) -> Any:
        """Return the SELECT of the users whom the sums may count wrongly, by their own dates."""
        found: list[Select[int]] = []
        for (linked, until, moment), keys in self.graces.looked_up(cases).items():
            if None in keys:
                created = came_under(User.created_at, until, moment)
                found.append(select(User.id).where(_is(User.linked, linked), created))
            if ids := [key for key in keys if key is not None]:
                joined = came_under(Membership.joined_at, until, moment)
                members = select(Membership.user_id).where(Membership.group_id.in_(ids))
                found.append(members.where(_is(Membership.linked, linked), joined))
        return union(*found) if len(found) > 1 else found[0]


def _is(column: Any, value: bool) -> Any:
    """Return a condition as indexes know it."""
    return column if value else ~column


def _others(scope: Group | None, ids: Any, graces: Collection[int], times: Sequence[datetime]) -> Subquery:
    """Return a table that says for each of these users what the other groups ask at each of these times."""
    columns = crowd.demand_columns(demand_of_group(graces, at=at) for at in times)
    statement = (
        select(Membership.user_id, *columns)
        .join(Group, Group.id == Membership.group_id)
        .where(Group.required, Membership.user_id.in_(ids))
    )
    if scope is not None:
        statement = statement.where(Group.id != scope.id)
    return statement.group_by(Membership.user_id).subquery()
