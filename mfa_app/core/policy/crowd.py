"""How many people under a rule are asked for a code: summed up by cohorts, without looking at anyone.

People with an exemption or a deadline of their own, even one that is over, are not among them, and grace that
is over for some counts as over for all, or for nobody. Those whose own dates matter are looked up in
core/policy/individuals.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, false, func, select, true

from mfa_app.core.policy.conditions import (
    NO_DEMAND,
    Demand,
    any_of,
    counted_of_each,
    demand_of,
    group_in_force,
    is_one,
    of_cohort,
)
from mfa_app.core.policy.graces import Case, Graces
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import CohortCount, CohortGroup, Group


def count(scope: Group | None, everyone: RuleValues, cases: Sequence[Case], graces: Graces) -> list[int]:
    """Return how many there are, how many without an app or passkey, and how many without a passkey; then
    what `conditions.counted_of_each` says of these cases: a time, and the values of the rule then.

    One SELECT.
    """
    others = others_of_cohorts(scope, cases, graces)
    demands = assumed(scope, everyone, cases, graces, others)
    everybody = true(), ~CohortCount.linked, ~CohortCount.has_passkey
    conditions = *everybody, *counted_of_each(of_cohort(), demands, [at for at, _values in cases])
    sums = select(*map(people_where, conditions))
    sums = sums.outerjoin(others, others.c.cohort_id == CohortCount.cohort_id)
    if scope is not None:
        sums = sums.where(CohortCount.cohort_id.in_(_cohorts_of(scope)))
    return list(db.session.execute(sums.where(~CohortCount.disabled, ~CohortCount.exemption)).one())


def people_and_linked() -> Select[int, int]:
    """Return the SELECT of how many enabled people there are, and how many have an app or a passkey."""
    numbers = people_where(true()).label("people"), people_where(of_cohort().linked).label("linked")
    return select(*numbers).where(~CohortCount.disabled)


def assumed(
    scope: Group | None, everyone: RuleValues, cases: Sequence[Case], graces: Graces, others: Subquery
) -> list[Demand]:
    """Return what is asked in each case if no grace is over for some only."""
    demands = []
    for number, (at, values) in enumerate(cases):
        demand = any_of(
            _of_rule(graces.key, values, at, graces),
            NO_DEMAND if scope is None else _of_rule(None, everyone, at, graces),
            demand_in(others, number),
        )
        demands.append(demand)
    return demands


def demand_in(others: Subquery, number: int) -> Demand:
    """Return what this table says that other groups ask in the case with this number."""
    return Demand(*(is_one(others.c[f"{field.name}_{number}"]) for field in fields(Demand)))


def demand_columns(demands: Iterable[Demand]) -> list[ColumnElement[Any]]:
    """Return the columns of such a table, which is grouped: what any of the rows in a group asks."""
    return [
        func.max(case((condition, 1), else_=0)).label(f"{name}_{number}")
        for number, demand in enumerate(demands)
        for name, condition in vars(demand).items()
    ]


def _of_rule(key: int | None, values: RuleValues, at: datetime, graces: Graces) -> Demand:
    demand = demand_of(replace(values, grace_days=0), None, at=at)
    if graces.runs(key, values, at):
        return replace(demand, stops=false(), passkey_stops=false())
    return demand


def people_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the number of people whose row in CohortCount meets a condition."""
    return func.coalesce(func.sum(CohortCount.people).filter(condition), 0)


def others_of_cohorts(scope: Group | None, cases: Sequence[Case], graces: Graces) -> Subquery:
    """Return a table that says for each cohort what other groups' rules in force ask in each case."""
    demands = [_of_group(graces.running(at), at) for at, _values in cases]
    statement = select(CohortGroup.cohort_id, *demand_columns(demands))
    statement = statement.join(Group, Group.id == CohortGroup.group_id)
    if scope is not None:
        of_scope = CohortGroup.cohort_id.in_(_cohorts_of(scope))
        statement = statement.where(Group.id != scope.id, of_scope)
    return statement.where(Group.required).group_by(CohortGroup.cohort_id).subquery()


def _of_group(running: Sequence[int | None], at: datetime) -> Demand:
    """Return what the rule of the row in Group asks of its members."""
    in_force = group_in_force(at)
    stops = and_(in_force, Group.id.not_in(running)) if running else in_force
    return Demand(in_force, stops, and_(stops, Group.passkey_only))


def _cohorts_of(scope: Group) -> Any:
    own = CohortGroup.__table__.alias()
    return select(own.c.cohort_id).where(own.c.group_id == scope.id)
