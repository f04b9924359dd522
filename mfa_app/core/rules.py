"""Changing who needs a second factor, and foreseeing whom a change stops before it is made."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from mfa_app.core import administrators, devices, permissions, policy
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import OwnRequirement
from mfa_app.core.people import site_policy, with_rule
from mfa_app.core.permissions import Permission
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, Role, User

ADMINISTRATORS_NAMED = 20
NO_LONGER, REQUIRED = "no longer required", "required"


@dataclass(frozen=True)
class RuleValues:
    """What an administrator sets for a group or for everyone; days are whole days."""

    required: bool
    required_from: datetime | None = None
    grace_days: int = 0
    remember_days: int = 30

    def hold(self, now: datetime) -> bool:
        """Say whether the values require a code by now."""
        return policy.holds(self.required, self.required_from, now)


@dataclass(frozen=True)
class Foresight:
    """Whom a rule is about: people, those of them without an app, administrators (and: linked?)."""

    people: int
    not_linked: int
    administrators: tuple[tuple[str, bool], ...]


def values_of(scope: Group | None) -> RuleValues:
    """Return the present rule of a group, or of everyone (None)."""
    row = scope or site_policy()
    return RuleValues(row.required, row.required_from, row.grace_days, row.remember_days)


def foresee(scope: Group | None, *, now: datetime) -> Foresight:
    """Count whom the rule of a group, or of everyone, meets if it requires 2FA; two SELECTs for any size."""
    under = [User.disabled_at.is_(None), or_(User.exempt_until.is_(None), User.exempt_until <= now)]
    if scope is not None:
        members = select(Membership.user_id).where(Membership.group_id == scope.id)
        under.append(User.id.in_(members))
    counted, linked = _count(under)
    named = (
        select(User.email, Authenticator.id)
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .where(User.role == Role.ADMIN, *under)
        .order_by(User.email_key)
        .limit(ADMINISTRATORS_NAMED)
    )
    administrators_ = tuple((email, link is not None) for email, link in db.session.execute(named))
    return Foresight(counted, counted - linked, administrators_)


def set_rule(scope: Group | None, values: RuleValues, *, actor: Actor, now: datetime) -> None:
    """Give a group, or everyone (None), this rule; one row is written, whatever its size.

    Raises LastAdministrator if no administrator could get in under it, and NotAllowed.
    """
    permissions.require(actor, Permission.MANAGE_POLICY)
    administrators.one_change_at_a_time()
    before = values_of(scope)
    name = scope.name if scope else None
    if values.required and not before.required:
        administrators.require_one(proposed=lambda facts: with_rule(facts, name, required=True), now=now)
    row = scope or site_policy()
    if values.hold(now) and not before.hold(now):
        row.required_since = now
    for column, value in asdict(values).items():
        setattr(row, column, value)
    record(Event.POLICY_CHANGED, actor=actor, group=name or "", before=_told(before), after=_told(values))


def set_requirement(user: User, required: bool, *, actor: Actor, now: datetime) -> None:
    """Require 2FA of this person, or no longer; it beats the groups. Either ends the remembered devices.

    Raises NotAllowed, LastAdministrator, and OwnRequirement: nobody lets themselves off.
    """
    permissions.require(actor, Permission.MANAGE_POLICY)
    if not required and not permissions.may_loosen(actor, user):
        raise OwnRequirement
    administrators.one_change_at_a_time()
    if required and user.role == Role.ADMIN and not _is_linked(user):
        administrators.require_one(without=user, now=now)
    if user.required != required:
        devices.forget(user, actor=actor, because=REQUIRED if required else NO_LONGER)
    user.required = required
    if required:
        user.exempt_until, user.exempt_reason, user.exempt_by = None, None, None
    record(Event.REQUIREMENT_CHANGED, actor=actor, subject=user, required=required)


def exempt(user: User, *, until: datetime, reason: str, actor: Actor) -> None:
    """Exempt a person from 2FA until a date, for a reason; when it ends, no device is remembered.

    Raises NotAllowed: nobody exempts themselves.
    """
    permissions.require(actor, Permission.MANAGE_POLICY, user)
    devices.forget(user, actor=actor, because=NO_LONGER)
    user.exempt_until, user.exempt_reason, user.exempt_by = until, reason, actor.name
    user.required = False
    record(Event.EXEMPTION_GIVEN, actor=actor, subject=user, until=until.isoformat(), reason=reason)


def end_exemption(user: User, *, actor: Actor) -> None:
    """End a person's exemption now. Raises NotAllowed."""
    permissions.require(actor, Permission.MANAGE_POLICY)
    user.exempt_until, user.exempt_reason, user.exempt_by = None, None, None
    record(Event.EXEMPTION_ENDED, actor=actor, subject=user)


def _is_linked(user: User) -> bool:
    linked = select(Authenticator.id).where(Authenticator.user_id == user.id)
    return db.session.scalar(linked) is not None


def _count(under: list[ColumnElement[bool]]) -> tuple[int, int]:
    counts = (
        select(func.count(User.id), func.count(Authenticator.id))
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .where(*under)
    )
    return tuple(db.session.execute(counts).one())


def _told(values: RuleValues) -> dict[str, object]:
    told = asdict(values)
    if values.required_from:
        told["required_from"] = values.required_from.isoformat()
    return told
