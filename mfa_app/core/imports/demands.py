"""Which rules of groups make the people who join by an import set up a second factor, and by when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from mfa_app.core.imports.plan import Outcome
from mfa_app.core.imports.row_sets import ROWS, joined_groups, rows_with
from mfa_app.core.policy import conditions
from mfa_app.core.policy.conditions import Demand
from mfa_app.core.policy.facts import rule_of
from mfa_app.extensions import db
from mfa_app.models import PRIVILEGED, Group, PeopleImport, User


@dataclass(frozen=True)
class GroupDemand:
    """How many people who join a group must set up an app or passkey for its rule, and by when.

    `by` is None if they must at once. With `passkey_only` an app doesn't count.
    """

    group: str
    people: int
    by: datetime | None
    passkey_only: bool


def demands_of_groups(an_import: PeopleImport, *, now: datetime) -> list[GroupDemand]:
    """Return what the rules of groups ask of the people who join them, if the import is saved now.

    Those are left out who have what the rule asks for, who are exempt or have longer, or of whose role it is
    asked anyway. Groups are in the order of their names. One SELECT, or two.
    """
    groups = db.session.scalars(select(Group).where(Group.required).order_by(Group.name_key)).all()
    if not groups:
        return []
    deadlines = {group: _deadline(group, now) for group in groups}
    each = joined_groups()
    both = ROWS.join(each, true()).outerjoin(User, User.id == ROWS.c.user_id)
    asked = or_(*_asked(each.c.key, deadlines, now))
    found = select(each.c.key, func.count()).select_from(both).group_by(each.c.key)
    joining = rows_with(an_import.id, Outcome.NEW, Outcome.CHANGED), ROWS.c.role.not_in(PRIVILEGED)
    people = {key: count for key, count in db.session.execute(found.where(*joining, asked))}
    return [
        GroupDemand(group.name, people[group.name_key], by, group.passkey_only)
        for group, by in deadlines.items()
        if group.name_key in people
    ]


def _deadline(group: Group, now: datetime) -> datetime | None:
    by = rule_of(group, now).enrol_by()
    return by if by is not None and by > now else None


def _asked(key: Any, deadlines: dict[Group, datetime | None], now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield whether a row is of somebody who must set something up: for the groups with one deadline each."""
    of_deadline: dict[tuple[datetime | None, bool], list[str]] = {}
    for group, by in deadlines.items():
        of_deadline.setdefault((by, group.passkey_only), []).append(group.name_key)
    for (by, passkey_only), keys in of_deadline.items():
        demand = Demand(true(), true(), true() if passkey_only else false())
        _everyone, to_link, to_add_passkey = conditions.counted(conditions.of_user(), demand, at=by or now)
        yield and_(key.in_(keys), or_(ROWS.c.outcome == Outcome.NEW, to_link, to_add_passkey))
