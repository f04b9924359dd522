"""What `decision` says about one user, as SQL conditions: for counting users without loading them.

`tests/core/policy/test_impact.py` holds both against each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import PRIVILEGED, Authenticator, Group, Membership, SitePolicy, User


@dataclass(frozen=True)
class Demand:
    """What rules ask at a time: `holds` if one is in force, `stops` if one gives no grace to link an app."""

    holds: ColumnElement[bool]
    stops: ColumnElement[bool]


NO_DEMAND = Demand(false(), false())


def demand_of(values: RuleValues, joined: Any, *, at: datetime) -> Demand:
    """Return what a rule asks of the users who came under it at the time in the column `joined`."""
    if not values.in_force(at):
        return NO_DEMAND
    return Demand(true(), _joined_by(joined, values.grace_days, at) if values.grace_days else true())


def demand_of_group(graces: Iterable[int], *, at: datetime) -> Demand:
    """Return what the rule of the row in Group asks of the member in Membership.

    `graces` are the grace periods, in days, that occur in the table. The databases have no common way to add
    a column of days to a time, so each of them is subtracted from `at` here.
    """
    begun = or_(Group.required_from.is_(None), Group.required_from <= at)
    over = [and_(Group.grace_days == days, _joined_by(Membership.joined_at, days, at)) for days in graces]
    in_force = and_(Group.required, begun)
    return Demand(in_force, and_(in_force, or_(Group.grace_days == 0, *over)))


def any_of(*demands: Demand) -> Demand:
    """Return what several rules ask together."""
    return Demand(
        or_(false(), *(demand.holds for demand in demands)),
        or_(false(), *(demand.stops for demand in demands)),
    )


def is_asked(demand: Demand, *, at: datetime) -> ColumnElement[bool]:
    """Return `decision.is_asked` for a User with an outer-joined Authenticator, under these rules."""
    with_app = or_(is_privileged(), User.required, Authenticator.opted_in, demand.holds)
    return or_(and_(~is_exempt(at), Authenticator.id.is_not(None), with_app), must_link(demand, at=at))


def must_link(demand: Demand, *, at: datetime) -> ColumnElement[bool]:
    """Return whether the decision is ENROL or AWAIT_LINK, for the same rows."""
    due = or_(is_privileged(), User.link_required, User.required, demand.stops)
    return and_(~is_exempt(at), Authenticator.id.is_(None), due)


def is_exempt(at: datetime) -> ColumnElement[bool]:
    """Return whether a User is exempt at this time. Administrators and the help desk never are."""
    return and_(User.exempt_until.is_not(None), User.exempt_until > at, ~is_privileged())


def is_privileged() -> ColumnElement[bool]:
    """Return whether a User is an administrator or of the help desk."""
    return User.role.in_(PRIVILEGED)


def required_of_user(now: datetime) -> ColumnElement[bool]:
    """Return `decision.will_be_required` for a User."""
    everyone = exists().where(SitePolicy.required)
    group = exists().where(Membership.user_id == User.id, Group.id == Membership.group_id, Group.required)
    due = or_(is_privileged(), User.link_required, User.required, everyone, group)
    return and_(~is_exempt(now), due)


def _joined_by(joined: Any, grace_days: int, at: datetime) -> ColumnElement[bool]:
    """Return whether grace is over: who has no time of joining has no grace."""
    return or_(joined.is_(None), joined <= at - timedelta(days=grace_days))
