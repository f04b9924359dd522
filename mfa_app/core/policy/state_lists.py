"""Who is in each state of 2FA, in SQL: what `two_factor_state` says of each person, for lists of any size.

`tests/core/policy/test_state_lists.py` holds both against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true

from mfa_app.core.policy import conditions, rules
from mfa_app.core.policy.conditions import Demand, FactColumns, group_in_force, joined_by
from mfa_app.core.policy.two_factor_state import TwoFactorState
from mfa_app.extensions import db
from mfa_app.models import PRIVILEGED, Cohort, CohortGroup, Group, Membership, User
from mfa_app.models.database import unindexed

Ids = Select[int]


@dataclass(frozen=True)
class Listed:
    """The condition for a User to be on a list, and SELECTs of ids that have everyone who is, and few others.

    Each of these SELECTs reads as many rows of an index as it returns. They may name somebody twice, and
    are None for a list of nearly everybody. The condition uses no index, so that SQLite doesn't begin with a
    half of it; `in_order` is a condition whose index has the list by email address.
    """

    condition: ColumnElement[bool]
    candidates: tuple[Ids, ...] | None
    in_order: ColumnElement[bool] | None = None


def in_state(state: TwoFactorState, *, now: datetime) -> Listed:
    """Return who is in a state, whether the account is enabled or not. Reads the rules: two SELECTs."""
    lists = _Lists(now)
    return Listed(lists.condition(state), tuple(lists.candidates(state)))


def still_to_link(*, now: datetime) -> Listed:
    """Return who must link an app or add a passkey, now or later, and has neither.

    Those who have locked their account and those whose last day is over need do nothing. Disabled accounts
    are on the list, because a filter of their own leaves them out.
    """
    lists = _Lists(now)
    waiting = and_(~lists.facts.linked, lists.will_be_required, ~conditions.is_closed(now))
    return Listed(waiting, tuple(lists.to_link()))


class _Lists:
    """The lists under the rules of this moment."""

    def __init__(self, now: datetime) -> None:
        self._now, self._everyone = now, rules.values_of(None)
        graces = select(Group.grace_days).where(Group.required, Group.grace_days > 0).distinct()
        self._graces = sorted(db.session.scalars(graces))
        self._in_force = group_in_force(now)
        self.facts = _facts()
        self._demand = self._demand_of_rules()
        due = conditions.is_due(self.facts), _in_cohorts(_cohorts()), _constant(self._everyone.required)
        self.will_be_required = and_(~conditions.is_exempt(self.facts, now), or_(*due))

    def condition(self, state: TwoFactorState) -> ColumnElement[bool]:
        """Return the condition of a state. Nobody meets two of them, and everybody meets one."""
        facts, demand, now = self.facts, self._demand, self._now
        exempt = conditions.is_exempt(facts, now)
        add_passkey = and_(~exempt, conditions.lacks_passkey(facts, demand, at=now))
        to_link = and_(~exempt, conditions.lacks_factor(facts, demand, at=now))
        asked = or_(facts.privileged, facts.required, demand.holds)
        waits = and_(self.will_be_required, ~to_link)
        free = ~or_(
            and_(facts.linked, or_(asked, facts.opted_in)), and_(~facts.linked, self.will_be_required)
        )
        return {
            TwoFactorState.ON: and_(facts.linked, asked, ~exempt, ~add_passkey),
            TwoFactorState.BY_CHOICE: and_(facts.linked, facts.opted_in, ~asked, ~exempt),
            TwoFactorState.LINK_NOW: and_(to_link, ~add_passkey),
            TwoFactorState.LINK_LATER: and_(~facts.linked, waits),
            TwoFactorState.ADD_PASSKEY: add_passkey,
            TwoFactorState.EXEMPT: exempt,
            TwoFactorState.NOT_REQUIRED: and_(~exempt, free),
        }[state]

    def candidates(self, state: TwoFactorState) -> Iterator[Ids]:
        """Yield SELECTs of ids that have everyone who is in a state."""
        yield from {
            TwoFactorState.ON: self._on,
            TwoFactorState.BY_CHOICE: self._by_choice,
            TwoFactorState.LINK_NOW: self._link_now,
            TwoFactorState.LINK_LATER: self._link_later,
            TwoFactorState.ADD_PASSKEY: self._add_passkey,
            TwoFactorState.EXEMPT: self._exempt,
            TwoFactorState.NOT_REQUIRED: self._not_required,
        }[state]()

    def to_link(self) -> Iterator[Ids]:
        """Yield SELECTs of ids that have everyone who must link, now or later."""
        yield from _own_requirements(linked=False)
        yield select(User.id).where(User.link_required)
        if self._everyone.required:
            yield select(User.id).where(~User.linked)
        else:
            yield _of_cohorts(_cohorts()).where(~User.linked)

    def _on(self) -> Iterator[Ids]:
        yield from _own_requirements(linked=True)
        if self._everyone.in_force(self._now):
            yield select(User.id).where(User.linked)
        else:
            yield _of_cohorts(_cohorts(self._in_force)).where(User.linked)

    def _by_choice(self) -> Iterator[Ids]:
        yield select(User.id).where(User.opted_in)

    def _link_now(self) -> Iterator[Ids]:
        yield from _own_requirements(linked=False)
        yield select(User.id).where(User.link_required)
        yield _of_cohorts(_cohorts(self._in_force, Group.grace_days == 0)).where(~User.linked)
        for days in self._graces:
            of_grace = self._with_grace(days)
            yield of_grace.where(Membership.joined_at.is_(None))
            yield of_grace.where(Membership.joined_at <= self._now - timedelta(days=days))
        if self._everyone.in_force(self._now):
            over = User.created_at <= self._now - self._everyone.grace
            yield select(User.id).where(~User.linked, over if self._everyone.grace_days else true())

    def _link_later(self) -> Iterator[Ids]:
        yield select(User.id).where(User.link_by.is_not(None), User.link_by > self._now)
        yield _of_cohorts(_cohorts(~self._in_force)).where(~User.linked)
        for days in self._graces:
            recently = Membership.joined_at > self._now - timedelta(days=days)
            yield self._with_grace(days).where(recently)
        if self._everyone.required and not self._everyone.in_force(self._now):
            yield select(User.id).where(~User.linked)
        elif self._everyone.required:
            recently = User.created_at > self._now - self._everyone.grace
            yield select(User.id).where(~User.linked, recently)

    def _add_passkey(self) -> Iterator[Ids]:
        yield _of_cohorts(_cohorts(self._in_force, Group.passkey_only)).where(
            User.linked.in_((False, True)), ~User.has_passkey
        )
        if self._everyone.passkey_only and self._everyone.in_force(self._now):
            yield select(User.id).where(~User.has_passkey)

    def _exempt(self) -> Iterator[Ids]:
        yield select(User.id).where(User.exempt_until.is_not(None), User.exempt_until > self._now)

    def _not_required(self) -> Iterator[Ids]:
        if not self._everyone.in_force(self._now):
            yield from _of_other_cohorts(_cohorts(self._in_force), linked=True)
        if not self._everyone.required:
            yield from _of_other_cohorts(_cohorts(), linked=False)

    def _with_grace(self, days: int) -> Ids:
        """Return the SELECT of the members of groups with this grace who aren't linked."""
        graced = select(Group.id).where(self._in_force, Group.grace_days == days)
        return select(Membership.user_id).where(Membership.group_id.in_(graced), ~Membership.linked)

    def _demand_of_rules(self) -> Demand:
        """Return what all rules ask of the row in User; of groups by what the cohorts know of them."""
        over = [
            and_(Group.grace_days == days, joined_by(Membership.joined_at, days, self._now))
            for days in self._graces
        ]
        late = exists().where(
            Membership.user_id == User.id,
            Group.id == Membership.group_id,
            self._in_force,
            or_(false(), *over),
        )
        graced = and_(_in_cohorts(_cohorts(self._in_force, Group.grace_days > 0)), late)
        graced_passkey = and_(
            _in_cohorts(_cohorts(self._in_force, Group.grace_days > 0, Group.passkey_only)),
            late.where(Group.passkey_only),
        )
        strict = self._in_force, Group.grace_days == 0
        of_groups = Demand(
            _in_cohorts(_cohorts(self._in_force)),
            or_(_in_cohorts(_cohorts(*strict)), graced),
            or_(_in_cohorts(_cohorts(*strict, Group.passkey_only)), graced_passkey),
        )
        of_everyone = conditions.demand_of(self._everyone, User.created_at, at=self._now)
        return conditions.any_of(of_everyone, of_groups)


def _facts() -> FactColumns:
    """Return the columns of a row in User, without the indexes that SQLite would use for them."""
    facts = conditions.of_user()
    flags = "required", "link_required", "linked", "has_passkey", "opted_in"
    hidden = {name: unindexed(getattr(facts, name)) for name in flags}
    return replace(facts, privileged=unindexed(User.role).in_(PRIVILEGED), **hidden)


def _own_requirements(*, linked: bool) -> Iterator[Ids]:
    """Yield those who need a second factor whatever the rules are, and have one or not."""
    has_one = unindexed(User.linked) == _constant(linked)
    yield select(User.id).where(User.role.in_(PRIVILEGED), has_one)
    yield select(User.id).where(User.required, has_one)


def _cohorts(*where: Any) -> Select[int]:
    """Return the SELECT of the cohorts in a group whose rule is switched on, and like this."""
    found = select(CohortGroup.cohort_id).join(Group, Group.id == CohortGroup.group_id)
    return found.where(Group.required, *where)


def _in_cohorts(cohorts: Select[int]) -> ColumnElement[bool]:
    return func.coalesce(User.cohort_id, 0).in_(cohorts)


def _of_cohorts(cohorts: Select[int]) -> Ids:
    return select(User.id).where(User.cohort_id.in_(cohorts))


def _of_other_cohorts(cohorts: Select[int], *, linked: bool) -> Iterator[Ids]:
    """Yield those who are in none of these cohorts, and have a second factor or not."""
    has_one = User.linked if linked else ~User.linked
    yield select(User.id).where(User.cohort_id.is_(None), has_one)
    yield _of_cohorts(select(Cohort.id).where(Cohort.id.not_in(cohorts))).where(has_one)


def _constant(value: bool) -> ColumnElement[bool]:
    return true() if value else false()
