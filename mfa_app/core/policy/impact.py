"""Whom a change of a rule affects, and from when, counted before it is saved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select
from sqlalchemy.orm import aliased

from mfa_app.core.policy import rules
from mfa_app.core.policy.conditions import (
    NO_DEMAND,
    Demand,
    any_of,
    demand_of,
    demand_of_group,
    is_asked,
    is_exempt,
    must_link,
)
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, Role, User

MAX_NAMED = 20


@dataclass(frozen=True)
class Step:
    """How many of the users are asked for a code from a time on; `to_link` of them must link an app first."""

    at: datetime
    asked: int
    to_link: int


@dataclass(frozen=True)
class Impact:
    """What a change of a rule does to the users under it. Disabled accounts don't count.

    `people` and `not_linked` leave out who is exempt; `exempt` counts those, and `exemptions` names the first
    of them (email, end). `administrators` are named in the same way (email, enrolled). `today` is under the
    rules as they are, each of `steps` after the change: at once, on the start date, and when the last grace
    is over. Each user's own dates, other rules and overrides are counted as the decision counts them.
    """

    people: int
    not_linked: int
    exempt: int
    exemptions: tuple[tuple[str, datetime], ...]
    administrators: tuple[tuple[str, bool], ...]
    today: Step
    steps: tuple[Step, ...]


def preview_impact(scope: Group | None, values: RuleValues, *, now: datetime) -> Impact:
    """Return what these values of the rule of a group, or of everyone, would do. Six SELECTs at any size."""
    users = _Users(scope)
    linked, free = Authenticator.id.is_not(None), ~is_exempt(now)
    people, not_linked, exempt, last_joined = users.one(
        func.count().filter(free),
        func.count().filter(free, ~linked),
        func.count().filter(~free),
        func.max(users.joined).filter(free, ~linked),
    )
    times = _times(values, last_joined, now)
    today, *steps = _count(users, rules.values_of(scope), values, times)
    return Impact(
        people,
        not_linked,
        exempt,
        users.named(User.email, User.exempt_until, where=~free),
        users.named(User.email, linked, where=free & (User.role == Role.ADMIN)),
        today,
        tuple(steps),
    )


class _Users:
    """The enabled users under a rule, each with the authenticator; `joined` is when they came under it."""

    def __init__(self, scope: Group | None) -> None:
        self.scope, self._membership = scope, aliased(Membership)
        self.joined: Any = User.created_at if scope is None else self._membership.joined_at

    def one(self, *columns: ColumnElement[Any], others: Subquery | None = None) -> Any:
        """Return one row about all of them."""
        statement = self._of(select(*columns).select_from(User))
        if others is not None:
            statement = statement.outerjoin(others, others.c.user_id == User.id)
        return db.session.execute(statement).one()

    def named(self, *columns: Any, where: ColumnElement[bool]) -> tuple[Any, ...]:
        """Return the first of those for whom a condition is true, by email address."""
        statement = self._of(select(*columns).select_from(User)).where(where)
        rows = db.session.execute(statement.order_by(User.email_key).limit(MAX_NAMED))
        return tuple((email, fact) for email, fact in rows)

    def _of(self, statement: Select[Any]) -> Select[Any]:
        statement = statement.outerjoin(Authenticator, Authenticator.user_id == User.id)
        if self.scope is not None:
            member = (self._membership.user_id == User.id) & (self._membership.group_id == self.scope.id)
            statement = statement.join(self._membership, member)
        return statement.where(User.disabled_at.is_(None))


def _times(values: RuleValues, last_joined: datetime | None, now: datetime) -> list[datetime]:
    """Return when a change shows: at once, on its start date, and when the last grace is over."""
    times = [now]
    if values.required and values.required_from is not None:
        times.append(max(now, values.required_from))
    if values.required and values.grace_days and last_joined is not None:
        times.append(max(times[-1], last_joined + timedelta(days=values.grace_days)))
    return sorted(set(times))


def _count(users: _Users, before: RuleValues, after: RuleValues, times: list[datetime]) -> list[Step]:
    """Count who is asked today, and after the change at each of these times. The first of them is today."""
    others = _others(users.scope, times)
    everyone = rules.values_of(None)
    cases = [(times[0], 0, before), *((at, number, after) for number, at in enumerate(times))]
    columns: list[ColumnElement[Any]] = []
    for at, number, values in cases:
        demand = any_of(
            demand_of(values, users.joined, at=at),
            Demand(others.c[f"holds_{number}"] == 1, others.c[f"stops_{number}"] == 1),
            NO_DEMAND if users.scope is None else demand_of(everyone, User.created_at, at=at),
        )
        columns += [
            func.count().filter(is_asked(demand, at=at)),
            func.count().filter(must_link(demand, at=at)),
        ]
    numbers = list(users.one(*columns, others=others))
    return [
        Step(at, asked, to_link)
        for (at, _, _), asked, to_link in zip(cases, numbers[::2], numbers[1::2], strict=True)
    ]


def _others(scope: Group | None, times: list[datetime]) -> Subquery:
    """Return a table that says for each user what the other groups ask at each of these times."""
    graces = db.session.scalars(
        select(Group.grace_days).where(Group.required, Group.grace_days > 0).distinct()
    ).all()
    columns: list[ColumnElement[Any]] = []
    for number, at in enumerate(times):
        demand = demand_of_group(graces, at=at)
        columns.append(func.max(case((demand.holds, 1), else_=0)).label(f"holds_{number}"))
        columns.append(func.max(case((demand.stops, 1), else_=0)).label(f"stops_{number}"))
    statement = (
        select(Membership.user_id, *columns)
        .join(Group, Group.id == Membership.group_id)
        .where(Group.required)
        .group_by(Membership.user_id)
    )
    if scope is not None:
        members = aliased(Membership)
        of_scope = select(members.user_id).where(members.group_id == scope.id)
        statement = statement.where(Group.id != scope.id, Membership.user_id.in_(of_scope))
    return statement.subquery()
