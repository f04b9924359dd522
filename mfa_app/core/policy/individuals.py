"""The people under a rule whose own dates matter: who is or was exempt or has a deadline of their
own, and who may be in a grace period.

They are few, and looked up one by one; all others are counted in core/policy/crowd.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    case,
    func,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

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
    is_one,
    of_user,
)
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User

Case = tuple[datetime, RuleValues]

Columns = list[ColumnElement[Any]]


def with_exemption() -> Select[int]:
    """Return the SELECT of the ids of all who have an exemption, in force or not."""
    holder = aliased(User)
    return select(holder.id).where(holder.exempt_until.is_not(None))


def with_own_dates() -> Select[int] | CompoundSelect[int]:
    """Return the SELECT of the ids of all with an exemption or a deadline of their own, in force or not.

    Written so that each database reads two small indexes: PostgreSQL would take a union for large, and SQLite
    can't use these two for one OR. Who has both may be there twice.
    """
    holder = aliased(User)
    exempt, longer = holder.exempt_until.is_not(None), holder.link_by.is_not(None)
    if db.engine.name == "postgresql":
        return select(holder.id).where(or_(exempt, longer))
    return union_all(select(holder.id).where(exempt), select(holder.id).where(longer))


class Individuals:
    """Enabled users under the rule of a group, or of everyone (None); `everyone` is the rule for everyone."""

    def __init__(self, scope: Group | None, everyone: RuleValues) -> None:
        self._scope, self._everyone, self._membership = scope, everyone, aliased(Membership)
        self._with_grace = _with_grace(scope)
        self._joined: Any = User.created_at if scope is None else self._membership.joined_at
        self.email_key: Any = User.email_key if scope is None else self._membership.email_key
        self.graces = {values.grace_days for values in self._with_grace}

    def count_with_own_dates(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Count who has an exemption or a deadline of their own, in force or not.

        Return how many are not exempt now, how many of those have no app or passkey, how many of those have
        no passkey, and how many are exempt now; then what `conditions.counted_of_each` says of these cases.
        """
        facts, times = of_user(), [at for at, _values in cases]
        free = ~is_exempt(facts, now)

        def columns(demands: list[Demand]) -> Columns:
            conditions = [free, free & ~facts.linked, free & ~facts.has_passkey, ~free]
            conditions += counted_of_each(facts, demands, times)
            return [func.count().filter(condition) for condition in conditions]

        return self._count(with_own_dates(), columns, cases)

    def count_in_grace(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Return how much `conditions.counted_of_each` says too much if all grace counts as over.

        That is below zero of those who must link an app now, and need a passkey only later.
        """
        recent = list(self._recently_joined([values for _at, values in cases], now))
        if not recent:
            return [0] * (COUNTED * len(cases) + 2)
        facts, of_crowd = of_user(), User.exempt_until.is_(None) & User.link_by.is_(None)
        times = [at for at, _values in cases]

        def columns(demands: list[Demand]) -> Columns:
            late = counted_of_each(facts, [demand.without_grace() for demand in demands], times)
            exact = counted_of_each(facts, demands, times)
            return [
                func.count().filter(of_crowd, too_much) - func.count().filter(of_crowd, right)
                for too_much, right in zip(late, exact, strict=True)
            ]

        return self._count(union(*recent), columns, cases)

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
        ends = [self._last(User.link_by, free, or_(*lacking), has_longer(facts, now))]
        if values.grace_days:
            recent = self._joined > now - _days(values)
            joined = [self._last(self._joined, free, recent, condition) for condition in lacking]
            ends += [moment + _days(values) for moment in joined if moment is not None]
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

    def administrators(self, limit: int) -> tuple[tuple[str, bool, bool], ...]:
        """Return the first administrators by email address: whether each is linked, and has a passkey."""
        return self._named((User.linked, User.has_passkey), limit, User.role == Role.ADMIN)

    def _named(self, facts: tuple[Any, ...], limit: int, *where: ColumnElement[bool]) -> tuple[Any, ...]:
        named = self.under_rule(select(User.email, *facts).select_from(User)).where(*where)
        return tuple(tuple(row) for row in db.session.execute(named.order_by(User.email_key).limit(limit)))

    def _count(
        self, ids: Any, columns: Callable[[list[Demand]], Columns], cases: Sequence[Case]
    ) -> list[int]:
        others = _others(self._scope, ids, self.graces, [at for at, _values in cases])
        demands = [
            self.demand(
                case, Demand(*(is_one(others.c[f"{field.name}_{number}"]) for field in fields(Demand)))
            )
            for number, case in enumerate(cases)
        ]
        counted = self.under_rule(select(*columns(demands)).select_from(User)).where(User.id.in_(ids))
        return list(db.session.execute(counted.outerjoin(others, others.c.user_id == User.id)).one())

    def demand(self, case: Case, others: Demand) -> Demand:
        """Return what all rules ask of somebody in a case, where the rules of other groups ask this."""
        at, values = case
        everyone = NO_DEMAND if self._scope is None else demand_of(self._everyone, User.created_at, at=at)
        return any_of(demand_of(values, self._joined, at=at), others, everyone)

    def under_rule(self, statement: Select[Any]) -> Select[Any]:
        """Return a SELECT from User that is narrowed to enabled users under the rule."""
        if self._scope is not None:
            member = (self._membership.user_id == User.id) & (self._membership.group_id == self._scope.id)
            statement = statement.join(self._membership, member)
        return statement.where(User.disabled_at.is_(None))

    def _recently_joined(self, of_scope: list[RuleValues], now: datetime) -> Iterator[Select[int]]:
        """Yield the SELECTs of the users whom the grace period of a rule may spare something."""
        for values in self._with_grace:
            members = select(Membership.user_id).join(Group, Group.id == Membership.group_id)
            same = Group.grace_days == values.grace_days, Group.passkey_only == values.passkey_only
            for spared, days in _spared(Membership.linked, [values]):
                yield members.where(Group.required, *same, spared, Membership.joined_at > now - days)
        for spared, days in _spared(User.linked, of_scope if self._scope is None else [self._everyone]):
            yield select(User.id).where(spared, User.created_at > now - days)
        if self._scope is None:
            return
        for spared, days in _spared(Membership.linked, of_scope):
            of_group = Membership.group_id == self._scope.id, Membership.joined_at > now - days
            yield select(Membership.user_id).where(*of_group, spared)


def _spared(linked: Any, rules: Sequence[RuleValues]) -> Iterator[tuple[ColumnElement[bool], timedelta]]:
    """Yield whom grace may spare something, and for how long: who isn't linked, and who has only an app."""
    required = [values for values in rules if values.required]
    for condition, sparing in (
        (~linked, required),
        (linked, [values for values in required if values.passkey_only]),
    ):
        if days := max(map(_days, sparing), default=timedelta()):
            yield condition, days


def _days(values: RuleValues) -> timedelta:
    return timedelta(days=values.grace_days)


def _with_grace(scope: Group | None) -> list[RuleValues]:
    """Return the rules of other groups that have grace, without their other values, each once."""
    graces = select(Group.grace_days, Group.passkey_only).where(Group.required, Group.grace_days > 0)
    others = graces if scope is None else graces.where(Group.id != scope.id)
    return [
        RuleValues(required=True, grace_days=days, passkey_only=passkey_only)
        for days, passkey_only in db.session.execute(others.distinct())
    ]


def _others(scope: Group | None, ids: Any, graces: Collection[int], times: Sequence[datetime]) -> Subquery:
    """Return a table that says for each of these users what the other groups ask at each of these times."""
    columns: Columns = []
    for number, at in enumerate(times):
        demand = demand_of_group(graces, at=at)
        columns += [
            func.max(case((condition, 1), else_=0)).label(f"{name}_{number}")
            for name, condition in vars(demand).items()
        ]
    statement = (
        select(Membership.user_id, *columns)
        .join(Group, Group.id == Membership.group_id)
        .where(Group.required, Membership.user_id.in_(ids))
    )
    if scope is not None:
        statement = statement.where(Group.id != scope.id)
    return statement.group_by(Membership.user_id).subquery()
