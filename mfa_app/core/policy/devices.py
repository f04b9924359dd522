"""Which remembered devices a change of a rule makes ask for a code again: `decision` about devices, as SQL.

`tests/core/policy/test_devices.py` holds both against each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from mfa_app.core.policy import rules
from mfa_app.core.policy.conditions import group_in_force, is_exempt, of_user
from mfa_app.core.policy.facts import site_policy
from mfa_app.core.policy.individuals import Individuals
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, RememberedDevice, User

_CREATED = RememberedDevice.created_at


@dataclass(frozen=True)
class Devices:
    """How many remembered devices save a code today, and how many of them, of how many people, will not.

    `at` is when the change takes effect.
    """

    at: datetime
    remembered: int
    asked_again: int
    people: int


class Change:
    """A change of the rule of a group, or of everyone, as remembered devices notice it."""

    def __init__(
        self, scope: Group | None, values: RuleValues, individuals: Individuals, *, now: datetime
    ) -> None:
        self._scope, self._values, self._individuals, self._now = scope, values, individuals, now
        self._site = site_policy()
        self._before, self._since = rules.values_of(scope), (scope or self._site).required_since
        self._at = max(now, values.required_from or now)
        self._days = tuple(db.session.scalars(select(Group.remember_days).where(Group.required).distinct()))

    def count(self) -> Devices:
        """Return what the change does to the devices of those under the rule.

        One SELECT, which reads the remembered devices of these people.
        """
        saves, lost = self._situation(self._before, self._since, self._now).saves_code(), self._lost()
        columns: list[Any] = [func.count().filter(saves), func.count().filter(lost)]
        columns.append(func.count(RememberedDevice.user_id.distinct()).filter(lost))
        counted = self._individuals.under_rule(select(*columns).select_from(User))
        owned = counted.join(RememberedDevice, RememberedDevice.user_id == User.id)
        return Devices(self._at, *db.session.execute(owned.where(*self._valid())).one())

    def owns_one_asked_again(self) -> ColumnElement[bool]:
        """Return whether a User has a device that asks again."""
        return exists().where(RememberedDevice.user_id == User.id, *self._valid(), self._lost())

    def _lost(self) -> ColumnElement[bool]:
        """Return whether a device saves a code until the change takes effect, and none from then on.

        Whether it switches the rule on doesn't matter: then another rule has asked for a code until now.
        """
        after = self._situation(self._values, self._since, self._at)
        return and_(
            RememberedDevice.expires_at > self._at,
            self._situation(self._before, self._since, self._at).saves_code(),
            after.asked(),
            or_(after.too_old(), ~after.required_since()),
        )

    def _situation(self, values: RuleValues, since: datetime | None, at: datetime) -> "_Situation":
        scope = self._scope
        own = _Rule(values, since, self._individuals.joined)
        everyone = _Rule(rules.values_of(None), self._site.required_since, User.created_at)
        each = (own,) if scope is None else (own, everyone)
        other = exists().where(Membership.user_id == User.id, Group.id == Membership.group_id)
        other = other.where(group_in_force(at)).correlate(User, RememberedDevice)  # from however far inside
        return _Situation(
            at,
            tuple(rule for rule in each if rule.values.in_force(at)),
            each[-1].values.remember_days,
            other if scope is None else other.where(Group.id != scope.id),
            self._days,
        )

    def _valid(self) -> Iterable[ColumnElement[bool]]:
        yield RememberedDevice.expires_at > self._now
        yield self._now >= _CREATED
        yield RememberedDevice.security_stamp == User.security_stamp


def may_be_asked_again(before: RuleValues, values: RuleValues) -> bool:
    """Return whether a change can make a device ask again that would not have asked yet."""
    if not values.required:
        return False
    shorter = _days(values) < _days(before)
    return shorter or not before.required or values.required_from != before.required_from


@dataclass(frozen=True)
class _Rule:
    """A rule in force: since when it is switched on, and the column that says since when for a user."""

    values: RuleValues
    enabled_since: datetime | None
    member_since: Any

    def since(self) -> ColumnElement[bool]:
        """Return whether it has been in force for the user since before the device was remembered."""
        starts = [moment for moment in (self.enabled_since, self.values.required_from) if moment is not None]
        member = or_(self.member_since.is_(None), self.member_since <= _CREATED)
        return and_(member, *(moment <= _CREATED for moment in starts))


@dataclass(frozen=True)
class _Situation:
    """The rules at a time: those in force of the previewed scope and of everyone, and of other groups."""

    at: datetime
    holding: tuple[_Rule, ...]
    fallback_days: int
    other: Any
    other_days: tuple[int, ...]

    def saves_code(self) -> ColumnElement[bool]:
        """Return whether a device saves its user a code that is asked for without it."""
        return and_(self.asked(), ~self.too_old(), self.required_since())

    def asked(self) -> ColumnElement[bool]:
        """Return whether the user is asked for a code on a device that isn't remembered."""
        facts = of_user()
        return and_(facts.linked, ~is_exempt(facts, self.at), or_(_always(), self._any_in_force()))

    def too_old(self) -> ColumnElement[bool]:
        """Return whether the device is older than the fewest days of the rules in force."""
        each = ((Group.remember_days == days) & self._older(days) for days in self.other_days)
        old = [self.other.where(or_(Group.passkey_only, *each))]
        old += [self._older(_days(rule.values)) for rule in self.holding]
        if not self.holding:
            old.append(and_(~self.other, self._older(self.fallback_days)))
        return or_(*old)

    def required_since(self) -> ColumnElement[bool]:
        """Return whether a code has been required without a gap since the device was remembered."""
        starts = (Group.required_since, Group.required_from, Membership.joined_at)
        by_group = self.other.where(*(or_(start.is_(None), start <= _CREATED) for start in starts))
        return or_(_always(), ~self._any_in_force(), by_group, *(rule.since() for rule in self.holding))

    def _any_in_force(self) -> ColumnElement[bool]:
        return true() if self.holding else self.other

    def _older(self, days: int) -> ColumnElement[bool]:
        return self.at - timedelta(days=days) >= _CREATED


def _always() -> ColumnElement[bool]:
    facts = of_user()
    return or_(facts.opted_in, facts.required, facts.privileged)


def _days(values: RuleValues) -> int:
    """Return for how many days such a rule lets a device be remembered."""
    return 0 if values.passkey_only else values.remember_days
