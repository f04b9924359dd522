"""What `decision` says about one user, as SQL conditions: for counting users without loading them.

`tests/core/policy/test_impact.py` holds both against each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, true

from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import PRIVILEGED, CohortCount, Group, Membership, User
from mfa_app.models.column_types import Moment
from mfa_app.models.database import unindexed


@dataclass(frozen=True)
class FactColumns:
    """The columns that say what is true of somebody, whatever the rules are."""

    privileged: Any
    required: Any
    link_required: Any
    linked: Any
    has_passkey: Any
    opted_in: Any
    exempt_until: Any = None
    link_by: Any = None


@dataclass(frozen=True)
class Demand:
    """What rules ask at a time: `holds` if one is in force, `stops` if one gives no grace to link an app.

    `passkey_stops` if one that wants a passkey gives no grace to add one.
    """

    holds: ColumnElement[bool]
    stops: ColumnElement[bool]
    passkey_stops: ColumnElement[bool]


NO_DEMAND = Demand(false(), false(), false())


@cache
def of_user() -> FactColumns:
    """Return the columns of a row in User."""
    return FactColumns(
        User.role.in_(PRIVILEGED),
        User.required,
        User.link_required,
        User.linked,
        User.has_passkey,
        User.opted_in,
        User.exempt_until,
        User.link_by,
    )


@cache
def of_cohort() -> FactColumns:
    """Return the columns of a row in CohortCount that is about people without dates of their own."""
    return FactColumns(
        CohortCount.privileged,
        CohortCount.required,
        CohortCount.link_required,
        CohortCount.linked,
        CohortCount.has_passkey,
        CohortCount.opted_in,
    )


def demand_of(values: RuleValues, joined: Any, *, at: datetime) -> Demand:
    """Return what a rule asks of the users who came under it at the time in the column `joined`."""
    if not values.in_force(at):
        return NO_DEMAND
    stops = joined_by(joined, values.grace_days, at) if values.grace_days else true()
    return Demand(true(), stops, stops if values.passkey_only else false())


def demand_of_group(graces: Iterable[int], *, at: datetime) -> Demand:
    """Return what the rule of the row in Group asks of the member in Membership.

    `graces` are the grace periods, in days, that occur in the table. The databases have no common way to add
    a column of days to a time, so each of them is subtracted from `at` here.
    """
    in_force = group_in_force(at)
    over = [and_(Group.grace_days == days, joined_by(Membership.joined_at, days, at)) for days in graces]
    stops = and_(in_force, or_(Group.grace_days == 0, *over))
    return Demand(in_force, stops, and_(stops, Group.passkey_only))


def is_one(column: Any) -> ColumnElement[bool]:
    """Return whether a number is 1. It is NULL of somebody who is in no other group."""
    return func.coalesce(column, 0) == 1


def group_in_force(at: Moment) -> ColumnElement[bool]:
    """Return whether the rule of the row in Group requires a code at a time."""
    return and_(Group.required, or_(Group.required_from.is_(None), Group.required_from <= at))


def any_of(*demands: Demand) -> Demand:
    """Return what several rules ask together."""
    return Demand(
        or_(false(), *(demand.holds for demand in demands)),
        or_(false(), *(demand.stops for demand in demands)),
        or_(false(), *(demand.passkey_stops for demand in demands)),
    )


COUNTED = 3  # the number of these


def counted_of_each(
    facts: FactColumns, demands: Sequence[Demand], times: Sequence[datetime]
) -> list[ColumnElement[bool]]:
    """Return what `counted` says of each case; then who is asked in the last only, and in the first only."""
    each = [counted(facts, demand, at=at) for demand, at in zip(demands, times, strict=True)]
    first, last = each[0][0], each[-1][0]
    return [*chain.from_iterable(each), and_(last, ~first), and_(first, ~last)]


def counted(facts: FactColumns, demand: Demand, *, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what a preview counts: who is asked, must link an app first, must add a passkey first."""
    linking, adding = lacks_factor(facts, demand, at), lacks_passkey(facts, demand, at)
    with_app = or_(facts.privileged, facts.required, facts.opted_in, demand.holds)
    free = ~is_exempt(facts, at)
    asked = and_(free, or_(and_(facts.linked, with_app), linking))
    return asked, and_(free, linking, ~adding), and_(free, adding)


def lacks_factor(facts: FactColumns, demand: Demand, at: Moment) -> ColumnElement[bool]:
    """Return whether somebody who isn't exempt must link an app, or add a passkey, and has neither yet."""
    by_date = and_(or_(facts.required, demand.stops), ~has_longer(facts, at))
    return and_(~facts.linked, or_(facts.privileged, facts.link_required, by_date))


def lacks_passkey(facts: FactColumns, demand: Demand, at: Moment) -> ColumnElement[bool]:
    """Return whether only a passkey counts (`decision.needs_passkey`) for who has none, and isn't exempt."""
    return and_(~facts.has_passkey, demand.passkey_stops, ~has_longer(facts, at))


def is_due(facts: FactColumns) -> ColumnElement[bool]:
    """Return whether somebody without an app must link one whatever the rules are, once their time is up."""
    return or_(facts.privileged, facts.link_required, facts.required)


def is_closed(now: Moment) -> ColumnElement[bool]:
    """Return whether the owner has locked the account of a User, or its last day is over. Uses no index."""
    locked_at, ends_at = unindexed(User.account_locked_at), unindexed(User.ends_at)
    return or_(locked_at.is_not(None), and_(ends_at.is_not(None), ends_at <= now))


def is_open(now: Moment) -> ColumnElement[bool]:
    """Return whether anyone can get in to the account of a User: what `Standing.is_open` says of a row."""
    return and_(User.disabled_at.is_(None), ~is_closed(now))


def is_exempt(facts: FactColumns, at: Moment) -> ColumnElement[bool]:
    """Return whether somebody is exempt at a time. Administrators and the help desk never are."""
    if facts.exempt_until is None:
        return false()
    return and_(facts.exempt_until.is_not(None), facts.exempt_until > at, ~facts.privileged)


def has_longer(facts: FactColumns, at: Moment) -> ColumnElement[bool]:
    """Return whether somebody has a deadline of their own that is still to come at a time, and counts."""
    if facts.link_by is None:
        return false()
    to_come = and_(facts.link_by.is_not(None), facts.link_by > at)
    return and_(to_come, ~facts.privileged, ~facts.link_required)


def joined_by(joined: Any, grace_days: int, at: datetime) -> ColumnElement[bool]:
    """Return whether grace is over: who has no time of joining has no grace."""
    return or_(joined.is_(None), joined <= at - timedelta(days=grace_days))
