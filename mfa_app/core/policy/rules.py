"""The rule of a group, or of everyone: reading it and changing it."""

from dataclasses import asdict, dataclass
from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import permissions
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy import last_administrator
from mfa_app.core.policy.decision import in_force
from mfa_app.core.policy.facts import site_policy, with_rule
from mfa_app.models import Group


@dataclass(frozen=True)
class RuleValues:
    """What an administrator sets for a group or for everyone. Days are whole days."""

    required: bool
    required_from: datetime | None = None
    grace_days: int = 0
    remember_days: int = 30

    def in_force(self, now: datetime) -> bool:
        """Return True if the rule requires a code at `now`."""
        return in_force(self.required, self.required_from, now)


def values_of(scope: Group | None) -> RuleValues:
    """Return the current rule of a group, or of everyone (None)."""
    row = scope or site_policy()
    return RuleValues(row.required, row.required_from, row.grace_days, row.remember_days)


def set_rule(scope: Group | None, values: RuleValues, *, actor: Actor, now: datetime) -> None:
    """Set the rule of a group, or of everyone (None). This writes one row, whatever the size of the group.

    Raises LastAdministrator if no administrator could log in under it; NotAllowed.
    """
    permissions.require(actor, Permission.MANAGE_POLICY)
    lock_administration()
    before = values_of(scope)
    name = scope.name if scope else None
    if values.required and not before.required:
        last_administrator.require_one(proposed=lambda facts: with_rule(facts, name, required=True), now=now)
    row = scope or site_policy()
    if values.in_force(now) and not before.in_force(now):
        row.required_since = now
    for column, value in asdict(values).items():
        setattr(row, column, value)
    record(
        Event.POLICY_CHANGED, actor=actor, group=name or "", before=_details(before), after=_details(values)
    )


def _details(values: RuleValues) -> dict[str, object]:
    told = asdict(values)
    if values.required_from:
        told["required_from"] = values.required_from.isoformat()
    return told
