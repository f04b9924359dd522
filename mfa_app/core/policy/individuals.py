"""The people under a rule whose own dates matter: who is or was exempt or has a deadline of their
own, and who may be in a grace period.

They are few, and looked up one by one; all others are counted in core/policy/crowd.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, Subquery, case, false, func, select, union
from sqlalchemy.orm import aliased

from mfa_app.core.policy.conditions import (
    COUNTED,
    NO_DEMAND,
    Demand,
    any_of,
    counted,
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


def with_own_dates() -> CompoundSelect[int]:
    """Return the SELECT of the ids of all with an exemption or a deadline of their own, in force or not."""
    holder = aliased(User)
    return union(with_exemption(), select(holder.id).where(holder.link_by.is_not(None)))


class Individuals:
    """Enabled users under the rule of a group, or of everyone (None); `everyone` is the rule for everyone."""

    def __init__(self, scope: Group | None, everyone: RuleValues) -> None:
        self._scope, self._everyone, self._membership = scope, everyone, aliased(Membership)
        self._with_grace = _with_grace(scope)
        self._joined: Any = User.created_at if scope is None else self._membership.joined_at

    def count_with_own_dates(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Count who has an exemption or a deadline of their own, in force or not.

        Return how many are not exempt now, how many of those have no app or passkey, how many of those have
        no passkey, and how many are exempt now; then what `conditions.counted` says of each case.
        """
        facts = of_user()
        free = ~is_exempt(facts, now)

        def columns(demands: list[Demand]) -> Columns:
            conditions = [free, free & ~facts.linked, free & ~facts.has_passkey, ~free]
            for (at, _values), demand in zip(cases, demands, strict=True):
                conditions += counted(facts, demand, at=at)
            return [func.count().filter(condition) for condition in conditions]

        return self._count(with_own_dates(), columns, cases)

    def count_in_grace(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Return how much `conditions.counted` says too much of each case if all grace counts as over.

        That is below zero of those who must link an app now, and need a passkey only later.
        """
        recent = list(self._recently_joined([values for _at, values in cases], now))
        if not recent:
            return [0] * COUNTED * len(cases)
        facts, of_crowd = of_user(), User.exempt_until.is_(None) & User.link_by.is_(None)

        def columns(demands: list[Demand]) -> Columns:
            return [
                func.count().filter(of_crowd, late) - func.count().filter(of_crowd, exact)
                for (at, _values), demand in zip(cases, demands, strict=True)
                for late, exact in zip(
                    counted(facts, demand.without_grace(), at=at), counted(facts, demand, at=at), strict=True
                )
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
        lacking = ~is_exempt(facts, now), ~facts.has_passkey if values.passkey_only else ~linked
        own = User.id.in_(with_own_dates()), has_longer(facts, now)
        ends = self._last(User.link_by, *lacking, *own)
        in_grace = self._joined > now - _days(values) if values.grace_days else false()
        joined, end = db.session.execute(select(self._last(self._joined, *lacking, in_grace), ends)).one()
        graces = [joined + _days(values)] if joined else []
        return max(graces + ([end] if end else []), default=None)

    def _last(self, moment: Any, *where: ColumnElement[bool]) -> Any:
        latest = select(func.max(moment)).select_from(User)
        return self._under_rule(latest).where(*where).scalar_subquery()

    def exemptions(self, limit: int, *, now: datetime) -> tuple[tuple[str, datetime], ...]:
        """Return the first of those who are exempt, by email address, each with the end of the exemption."""
        exempt = User.id.in_(with_exemption()), is_exempt(of_user(), now)
        return self._named((User.exempt_until,), limit, *exempt)

    def administrators(self, limit: int) -> tuple[tuple[str, bool, bool], ...]:
        """Return the first administrators by email address: whether each is linked, and has a passkey."""
        return self._named((User.linked, User.has_passkey), limit, User.role == Role.ADMIN)

    def _named(self, facts: tuple[Any, ...], limit: int, *where: ColumnElement[bool]) -> tuple[Any, ...]:
        named = self._under_rule(select(User.email, *facts).select_from(User)).where(*where)
        return tuple(tuple(row) for row in db.session.execute(named.order_by(User.email_key).limit(limit)))

    def _count(
        self, ids: Any, columns: Callable[[list[Demand]], Columns], cases: Sequence[Case]
    ) -> list[int]:
        graces = {values.grace_days for values in self._with_grace}
        others = _others(self._scope, ids, graces, [at for at, _values in cases])
        demands = [
            any_of(
                demand_of(values, self._joined, at=at),
                Demand(*(is_one(others.c[f"{field.name}_{number}"]) for field in fields(Demand))),
                NO_DEMAND if self._scope is None else demand_of(self._everyone, User.created_at, at=at),
            )
            for number, (at, values) in enumerate(cases)
        ]
        counted = self._under_rule(select(*columns(demands)).select_from(User)).where(User.id.in_(ids))
        return list(db.session.execute(counted.outerjoin(others, others.c.user_id == User.id)).one())

    def _under_rule(self, statement: Select[Any]) -> Select[Any]:
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
