"""How far people have come in a roll-out, in numbers: of a group, of all, and of every group at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, true

from mfa_app.core.common import days
from mfa_app.core.policy.crowd import people_and_linked
from mfa_app.extensions import db
from mfa_app.models import CohortCount, CohortGroup, Group, Progress, User
from mfa_app.models.database import execute

USED_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Bar:
    """How many people there are, and how many of them have come how far. Disabled accounts don't count.

    `logged_in` at least once, `seen` a QR code, `linked` an app or a passkey; `used` it, or a remembered
    device, to log in on one of the last 30 days.
    """

    people: int = 0
    logged_in: int = 0
    seen: int = 0
    linked: int = 0
    used: int = 0


def bar(scope: Group | None, *, now: datetime) -> Bar:
    """Return how far the members of a group, or all people (None), have come. One SELECT of counts."""
    group_id = None if scope is None else scope.id
    found = execute(_bar_of(in_group=scope is not None), since=_since(now), group_id=group_id).one()
    return _bar(found[:2], found[2:4], found[4:])


def of_each_group(*, now: datetime) -> dict[int, Bar]:
    """Return how far the members of each group that has any have come, by the id of the group.

    Three SELECTs, which read the people of all groups once.
    """
    rows: list[dict[int, Any]] = []
    for statement, cohort in _counts():
        each = statement.join(CohortGroup, CohortGroup.cohort_id == cohort).group_by(CohortGroup.group_id)
        found = db.session.execute(each.add_columns(CohortGroup.group_id), {"since": _since(now)})
        rows.append({row[-1]: row[:-1] for row in found})
    whole, begun, used = rows
    return {
        group_id: _bar(numbers, begun.get(group_id, (0, 0)), used.get(group_id, (0,)))
        for group_id, numbers in whole.items()
        if numbers[0]
    }


def _since(now: datetime) -> date:
    return days.day_of(now) - USED_WITHIN


@cache
def _counts() -> Sequence[tuple[Any, Any]]:
    """Return what is counted: people and linked; who logged in, and saw a QR code; who used a factor.

    Each comes with the column of the cohort. The first are sums that are kept, the others are in indexes.
    """
    saw = func.count().filter(User.progress == Progress.SAW_QR_CODE)
    begun = select(func.count(), saw).select_from(User)
    begun = begun.where(User.progress >= Progress.LOGGED_IN, ~User.linked, User.disabled_at.is_(None))
    linked = func.count().filter(User.linked, User.disabled_at.is_(None))
    lately = User.second_factor_on.is_not(None), User.second_factor_on > bindparam("since")
    used = select(linked).select_from(User).where(*lately)
    return (people_and_linked(), CohortCount.cohort_id), (begun, User.cohort_id), (used, User.cohort_id)


@cache
def _bar_of(*, in_group: bool) -> Select[Any]:
    """Return the SELECT of all that is counted in one row, of the members of a group or of all people."""
    of_group = select(CohortGroup.cohort_id).where(CohortGroup.group_id == bindparam("group_id"))
    whole, begun, used = (
        (statement.where(cohort.in_(of_group)) if in_group else statement).subquery()
        for statement, cohort in _counts()
    )
    return select(whole, begun, used).select_from(whole.join(begun, true()).join(used, true()))


def _bar(whole: Any, begun: Any, used: Any) -> Bar:
    people, linked = whole
    logged_in, seen = begun
    return Bar(people, linked + logged_in, linked + seen, linked, used[0])
