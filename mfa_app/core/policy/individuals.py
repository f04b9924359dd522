"""The people under a rule whose own dates matter: who is or was exempt, and who may be in a grace period.

They are few, and looked up one by one; all others are counted in core/policy/crowd.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select, union
from sqlalchemy.orm import aliased

from mfa_app.core.policy.conditions import (
    NO_DEMAND,
    Demand,
    any_of,
    demand_of,
    demand_of_group,
    is_asked,
    is_due,
    is_exempt,
    must_link,
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


class Individuals:
    """Enabled users under the rule of a group, or of everyone (None); `everyone` is the rule for everyone."""

    def __init__(self, scope: Group | None, everyone: RuleValues) -> None:
        self._scope, self._everyone, self._membership = scope, everyone, aliased(Membership)
        self._graces = _graces(scope)
        self._joined: Any = User.created_at if scope is None else self._membership.joined_at

    def count_exempt(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Count who has an exemption, in force or not.

        Return how many are not exempt now, how many of those have no app, and how many are exempt now; then
        for each case how many are asked, and how many of them must link an app first.
        """
        facts = of_user()
        free = ~is_exempt(facts, now)

        def columns(demands: list[Demand]) -> Columns:
            counted = [free, free & ~facts.linked, ~free]
            for (at, _values), demand in zip(cases, demands, strict=True):
                counted += [is_asked(facts, demand, at=at), must_link(facts, demand, at=at)]
            return [func.count().filter(condition) for condition in counted]

        return self._count(with_exemption(), columns, cases)

    def count_in_grace(self, cases: Sequence[Case], *, now: datetime) -> list[int]:
        """Return, for each case, how many need no app yet only because of a grace period."""
        recent = list(self._recently_joined([values for _at, values in cases], now))
        if not recent:
            return [0] * len(cases)
        waiting = ~of_user().linked & User.exempt_until.is_(None) & ~is_due(of_user())

        def columns(demands: list[Demand]) -> Columns:
            return [func.count().filter(waiting, demand.holds, ~demand.stops) for demand in demands]

        return self._count(union(*recent), columns, cases)

    def last_in_grace(self, values: RuleValues, *, now: datetime) -> datetime | None:
        """Return when the last of those joined who have no app yet, and whose grace these values begin."""
        if not (values.required and values.grace_days):
            return None
        facts = of_user()
        linked = facts.linked if self._scope is None else self._membership.linked
        waiting = ~is_exempt(facts, now), ~linked, self._joined > now - _days(values)
        last = select(func.max(self._joined)).select_from(User)
        joined: datetime | None = db.session.scalar(self._under_rule(last).where(*waiting))
        return joined

    def exemptions(self, limit: int, *, now: datetime) -> tuple[tuple[str, datetime], ...]:
        """Return the first of those who are exempt, by email address, each with the end of the exemption."""
        exempt = User.id.in_(with_exemption()), is_exempt(of_user(), now)
        return self._named(User.exempt_until, limit, *exempt)

    def administrators(self, limit: int) -> tuple[tuple[str, bool], ...]:
        """Return the first administrators, by email address, and whether each has linked an app."""
        return self._named(User.linked, limit, User.role == Role.ADMIN)

    def _named(self, fact: Any, limit: int, *where: ColumnElement[bool]) -> tuple[Any, ...]:
        named = self._under_rule(select(User.email, fact).select_from(User)).where(*where)
        return tuple(
            (email, value) for email, value in db.session.execute(named.order_by(User.email_key).limit(limit))
        )

    def _count(
        self, ids: Any, columns: Callable[[list[Demand]], Columns], cases: Sequence[Case]
    ) -> list[int]:
        others = _others(self._scope, ids, self._graces, [at for at, _values in cases])
        demands = [
            any_of(
                demand_of(values, self._joined, at=at),
                Demand(_is_one(others.c[f"holds_{number}"]), _is_one(others.c[f"stops_{number}"])),
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
        """Yield the SELECTs of the users without an app who may be in the grace period of a rule."""
        for days in self._graces:
            members = select(Membership.user_id).join(Group, Group.id == Membership.group_id)
            with_grace = Group.required, Group.grace_days == days
            since = Membership.joined_at > now - timedelta(days=days)
            yield members.where(*with_grace, ~Membership.linked, since)
        everyone = of_scope if self._scope is None else [self._everyone]
        if any(longest := [_days(values) for values in everyone if values.required]):
            yield select(User.id).where(~User.linked, User.created_at > now - max(longest))
        if self._scope is None:
            return
        if any(longest := [_days(values) for values in of_scope if values.required]):
            since = Membership.joined_at > now - max(longest)
            of_group = Membership.group_id == self._scope.id
            yield select(Membership.user_id).where(of_group, ~Membership.linked, since)


def _is_one(column: Any) -> ColumnElement[bool]:
    return func.coalesce(column, 0) == 1  # who is in no other group has no row there


def _days(values: RuleValues) -> timedelta:
    return timedelta(days=values.grace_days)


def _graces(scope: Group | None) -> Sequence[int]:
    """Return the grace periods, in days, that occur in the rules of other groups."""
    graces = select(Group.grace_days).where(Group.required, Group.grace_days > 0).distinct()
    return db.session.scalars(graces if scope is None else graces.where(Group.id != scope.id)).all()


def _others(scope: Group | None, ids: Any, graces: Sequence[int], times: Sequence[datetime]) -> Subquery:
    """Return a table that says for each of these users what the other groups ask at each of these times."""
    columns: Columns = []
    for number, at in enumerate(times):
        demand = demand_of_group(graces, at=at)
        columns.append(func.max(case((demand.holds, 1), else_=0)).label(f"holds_{number}"))
        columns.append(func.max(case((demand.stops, 1), else_=0)).label(f"stops_{number}"))
    statement = (
        select(Membership.user_id, *columns)
        .join(Group, Group.id == Membership.group_id)
        .where(Group.required, Membership.user_id.in_(ids))
    )
    if scope is not None:
        statement = statement.where(Group.id != scope.id)
    return statement.group_by(Membership.user_id).subquery()
