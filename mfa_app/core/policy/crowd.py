"""How many people under a rule are asked for a code: summed up by cohorts, without looking at anyone.

People with an exemption or a deadline of their own, even one that is over, are not among them, and all grace
counts as over. Those whose own dates matter are looked up in core/policy/individuals.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, func, select, true

from mfa_app.core.policy.conditions import (
    NO_DEMAND,
    Demand,
    any_of,
    counted_of_each,
    demand_of,
    demand_of_group,
    is_one,
    of_cohort,
)
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import CohortCount, CohortGroup, Group


def count(
    scope: Group | None, everyone: RuleValues, cases: Sequence[tuple[datetime, RuleValues]]
) -> list[int]:
    """Return how many there are, how many without an app or passkey, and how many without a passkey; then
    what `conditions.counted_of_each` says of these cases: a time, and the values of the rule then.

    One SELECT.
    """
    others = _others(scope, cases)
    everybody = true(), ~CohortCount.linked, ~CohortCount.has_passkey
    demands = []
    for number, (at, values) in enumerate(cases):
        holds, passkey = is_one(others.c[f"holds_{number}"]), is_one(others.c[f"passkey_{number}"])
        demand = any_of(
            _of_rule(values, at),
            NO_DEMAND if scope is None else _of_rule(everyone, at),
            Demand(holds, holds, passkey, passkey),
        )
        demands.append(demand)
    conditions = *everybody, *counted_of_each(of_cohort(), demands, [at for at, _values in cases])
    sums = select(*map(people_where, conditions))
    sums = sums.outerjoin(others, others.c.cohort_id == CohortCount.cohort_id)
    if scope is not None:
        sums = sums.where(CohortCount.cohort_id.in_(_cohorts_of(scope)))
    return list(db.session.execute(sums.where(~CohortCount.disabled, ~CohortCount.exemption)).one())


def _of_rule(values: RuleValues, at: datetime) -> Demand:
    return demand_of(replace(values, grace_days=0), None, at=at)


def people_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the number of people whose row in CohortCount meets a condition."""
    return func.coalesce(func.sum(CohortCount.people).filter(condition), 0)


def _others(scope: Group | None, cases: Sequence[tuple[datetime, RuleValues]]) -> Subquery:
    """Return a table that says for each cohort what other groups' rules in force ask in each case."""
    columns: list[ColumnElement[Any]] = []
    for number, (at, _values) in enumerate(cases):
        demand = demand_of_group((), at=at)
        columns.append(func.max(case((demand.holds, 1), else_=0)).label(f"holds_{number}"))
        columns.append(func.max(case((demand.passkey, 1), else_=0)).label(f"passkey_{number}"))
    statement = select(CohortGroup.cohort_id, *columns).join(Group, Group.id == CohortGroup.group_id)
    if scope is not None:
        of_scope = CohortGroup.cohort_id.in_(_cohorts_of(scope))
        statement = statement.where(Group.id != scope.id, of_scope)
    return statement.where(Group.required).group_by(CohortGroup.cohort_id).subquery()


def _cohorts_of(scope: Group) -> Any:
    own = CohortGroup.__table__.alias()
    return select(own.c.cohort_id).where(own.c.group_id == scope.id)
