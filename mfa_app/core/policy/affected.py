"""The people whom a change of a rule affects, by name: a page at a time, or all of them for a download."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from mfa_app.core.policy import devices, impact, rules
from mfa_app.core.policy.conditions import (
    Demand,
    counted,
    counted_of_each,
    demand_of_group,
    is_exempt,
    of_user,
)
from mfa_app.core.policy.facts import PolicySubject, find_subjects_by_id, with_rule
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.policy.graces import Case
from mfa_app.core.policy.individuals import Individuals, with_exemption
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, User

PAGE = 50

BATCH = 500  # people of a download that are read together


class Whom(enum.Enum):
    """Whom a preview of a rule lists: each list has as many people as `impact.Impact` counts.

    Asked once the change has shown all its effects, and not today; the other way round; both. Who must then
    have set up an app or passkey and hasn't yet; who would have to if the rule stayed; who has a remembered
    device that asks again; who is exempt today.
    """

    NEWLY = "newly"
    NO_LONGER = "no-longer"
    STILL = "still"
    TO_SET_UP = "to-set-up"
    SPARED = "spared"
    DEVICES = "devices"
    EXEMPT = "exempt"


@dataclass(frozen=True)
class Page:
    """People by email address, and the key to pass for the next page, or None."""

    people: tuple[Foresight, ...] = ()
    after: str | None = None


def page_of(
    scope: Group | None, values: RuleValues, whom: Whom, *, now: datetime, after: str | None = None
) -> Page:
    """Return one page of the people whom these values of a rule of a group, or of everyone, affect so."""
    found = _Affected(scope, values, whom, now).after(after or "", PAGE + 1)
    more, found = len(found) > PAGE, found[:PAGE]
    return Page(tuple(found), found[-1].subject.user.email_key if more else None)


def all_of(scope: Group | None, values: RuleValues, whom: Whom, *, now: datetime) -> Iterator[Foresight]:
    """Yield all of them, reading a batch at a time."""
    affected, last = _Affected(scope, values, whom, now), ""
    while found := affected.after(last, BATCH):
        yield from found
        last = found[-1].subject.user.email_key


class _Affected:
    """The people on one of these lists, found in the order of their email addresses."""

    def __init__(self, scope: Group | None, values: RuleValues, whom: Whom, now: datetime) -> None:
        everyone = rules.values_of(None)
        self._scope, self._values, self._whom, self._now = scope, values, whom, now
        self._under = Individuals(scope, everyone)
        self._condition = self._on_list(rules.values_of(scope))

    def after(self, email_key: str, limit: int) -> list[Foresight]:
        """Return the next of them after an address, not more than `limit`."""
        key = self._under.email_key
        statement = self._under.under_rule(select(User.id).select_from(User)).where(key > email_key)
        page = statement.where(*self._condition).order_by(key).limit(limit)
        ids = list(db.session.scalars(page))
        return [self._foresight(subject) for subject in find_subjects_by_id(ids)]

    def _foresight(self, subject: PolicySubject) -> Foresight:
        name = self._scope.name if self._scope else None
        return Foresight(subject, with_rule(subject.facts, name, **vars(self._values)), self._now)

    def _on_list(self, before: RuleValues) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions of this list; where there is one, the first is that of an index."""
        now, whom, facts = self._now, self._whom, of_user()
        if whom is Whom.EXEMPT:
            return User.id.in_(with_exemption()), is_exempt(facts, now)
        if whom is Whom.DEVICES:
            return (self._owns_device(before),)
        if whom is Whom.SPARED:
            ended = impact.spared_from(self._scope, self._values, now=now)
            if ended is None:
                return (false(),)
            return self._to_set_up((ended, before)), ~self._to_set_up((ended, self._values))
        last = impact.last_step(self._scope, self._values, now=now)
        if whom is Whom.TO_SET_UP:
            return (self._to_set_up((last, self._values)),)
        cases = [(now, before), (last, self._values)]
        demands, times = [self._demand(case) for case in cases], [at for at, _values in cases]
        asked_first, asked_last = (
            counted(facts, demand, at=at)[0] for demand, at in zip(demands, times, strict=True)
        )
        *_each, newly, no_longer = counted_of_each(facts, demands, times)
        lists = {Whom.NEWLY: newly, Whom.NO_LONGER: no_longer, Whom.STILL: and_(asked_first, asked_last)}
        return (lists[whom],)

    def _owns_device(self, before: RuleValues) -> ColumnElement[bool]:
        if not devices.may_be_asked_again(before, self._values):
            return false()
        return devices.Change(self._scope, self._values, self._under, now=self._now).owns_one_asked_again()

    def _to_set_up(self, case: Case) -> ColumnElement[bool]:
        _asked, to_link, to_add_passkey = counted(of_user(), self._demand(case), at=case[0])
        return or_(to_link, to_add_passkey)

    def _demand(self, case: Case) -> Demand:
        others = demand_of_group(self._under.graces.days, at=case[0])
        member = exists().where(Membership.user_id == User.id, Group.id == Membership.group_id)
        if self._scope is not None:
            member = member.where(Group.id != self._scope.id)
        return self._under.demand(case, Demand(*(member.where(part) for part in vars(others).values())))
