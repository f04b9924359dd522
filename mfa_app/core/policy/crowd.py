"""How many people under a rule are asked for a code: summed up by cohorts, without looking at anyone.

People with an exemption, even one that has ended, are not among them, and all grace counts as over. Those
whose own dates matter are looked up in core/policy/individuals.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, false, func, or_, select, true

from mfa_app.core.policy.conditions import Demand, group_in_force, is_asked, must_link, of_cohort
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import CohortCount, CohortGroup, Group


def count(
    scope: Group | None, everyone: RuleValues, cases: Sequence[tuple[datetime, RuleValues]]
) -> list[int]:
    """Return how many there are, and how many without an app; then for each case how many are asked, and how
    many of them must link an app first. A case is a time, and the values of the rule then. One SELECT.
    """
    others = _others(scope, cases)
    columns = [people_where(true()), people_where(~CohortCount.linked)]
    for number, (at, values) in enumerate(cases):
        by_site = scope is not None and everyone.in_force(at)
        holds = or_(true() if by_site or values.in_force(at) else false(), others.c[f"holds_{number}"] == 1)
        demand = Demand(holds, holds)
        columns.append(people_where(is_asked(of_cohort(), demand, at=at)))
        columns.append(people_where(must_link(of_cohort(), demand, at=at)))
    counted = select(*columns).outerjoin(others, others.c.cohort_id == CohortCount.cohort_id)
    if scope is not None:
        counted = counted.where(CohortCount.cohort_id.in_(_cohorts_of(scope)))
    return list(db.session.execute(counted.where(~CohortCount.disabled, ~CohortCount.exemption)).one())


def people_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the number of people whose row in CohortCount meets a condition."""
    return func.coalesce(func.sum(CohortCount.people).filter(condition), 0)


def _others(scope: Group | None, cases: Sequence[tuple[datetime, RuleValues]]) -> Subquery:
    """Return a table that says for each cohort whether another group's rule is in force in each case."""
    columns: list[ColumnElement[Any]] = [
        func.max(case((group_in_force(at), 1), else_=0)).label(f"holds_{number}")
        for number, (at, _values) in enumerate(cases)
    ]
    statement = select(CohortGroup.cohort_id, *columns).join(Group, Group.id == CohortGroup.group_id)
    if scope is not None:
        of_scope = CohortGroup.cohort_id.in_(_cohorts_of(scope))
        statement = statement.where(Group.id != scope.id, of_scope)
    return statement.where(Group.required).group_by(CohortGroup.cohort_id).subquery()


def _cohorts_of(scope: Group) -> Any:
    own = CohortGroup.__table__.alias()
    return select(own.c.cohort_id).where(own.c.group_id == scope.id)
