"""The rule of a group, or of everyone: reading it and changing it."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import RuleChanged
from mfa_app.core.common.locks import begin_change, reload_group
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy.decision import in_force
from mfa_app.core.policy.facts import site_policy
from mfa_app.extensions import db
from mfa_app.models import Group, SitePolicy

# What an administrator can choose.
MOST_GRACE_DAYS, MOST_REMEMBER_DAYS = 90, 365
FARTHEST_START = timedelta(days=5 * 366)


@dataclass(frozen=True)
class RuleValues:
    """What an administrator sets for a group or for everyone. Days are whole days.

    `passkey_only`: codes don't count. `passkey_alone`: a passkey needs no password beside it.
    """

    required: bool
    required_from: datetime | None = None
    grace_days: int = 0
    remember_days: int = 30
    passkey_only: bool = False
    passkey_alone: bool = False

    @property
    def grace(self) -> timedelta:
        """How long new members may do without a second factor."""
        return timedelta(days=self.grace_days)

    def in_force(self, now: datetime) -> bool:
        """Return True if the rule requires a code at `now`."""
        return in_force(self.required, self.required_from, now)


def row_of(scope: Group | None) -> Group | SitePolicy:
    """Return the row with the rule of a group, or of everyone (None).

    The session forgets a row that nobody holds, so a page that needs the rule several times holds it.
    """
    return scope or site_policy()


def values_of(scope: Group | None) -> RuleValues:
    """Return the current rule of a group, or of everyone (None)."""
    row = row_of(scope)
    return RuleValues(**{field.name: getattr(row, field.name) for field in fields(RuleValues)})


def passkey_alone_anywhere() -> bool:
    """Return True if some rule lets a passkey open both gates: that of everyone, or one that is switched on.

    Whether a user's rules do so is decided for each user.
    """
    somewhere = or_(
        exists().where(SitePolicy.passkey_alone), exists().where(Group.required, Group.passkey_alone)
    )
    return bool(db.session.scalar(select(somewhere)))


def mail_text_of(scope: Group | None) -> str:
    """Return the paragraph in the emails of the rule of a group, or of everyone (None)."""
    return row_of(scope).mail_text or ""


def version_of(scope: Group | None) -> int:
    """Return the version of the rule of a group, or of everyone (None). Each change raises it by one."""
    return row_of(scope).rule_version


def set_rule(
    scope: Group | None,
    values: RuleValues,
    *,
    mail_text: str | None = None,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Set the rule of a group, or of everyone (None). This writes one row, whatever the size of the group.

    `mail_text` is the paragraph in the emails of the rule; None if it stays. `expected_version` is the
    version of the rule that the actor has seen; None if the change depends on no earlier rule. Raises
    RuleChanged if the rule has another version by now, or its group is gone; NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_POLICY)
    row = _reload(scope)
    if row is None or expected_version not in (None, row.rule_version):
        raise RuleChanged
    before, words = values_of(scope), row.mail_text or ""
    mail_text = words if mail_text is None else mail_text
    if (before, words) == (values, mail_text):
        return
    if values.in_force(now) and not before.in_force(now):
        row.required_since = now
    if values.passkey_only and not (before.passkey_only and before.required):
        row.passkey_since = now
    row.mail_text = mail_text or None
    for column, value in asdict(values).items():
        setattr(row, column, value)
    row.rule_version += 1
    record(
        Event.POLICY_CHANGED,
        actor=actor,
        group=scope.name if scope else "",
        before=_details(before, words),
        after=_details(values, mail_text),
    )


def _reload(scope: Group | None) -> Group | SitePolicy | None:
    """Read the row of a rule again: a concurrent request may have changed or deleted it."""
    if scope is None:
        return db.session.get(SitePolicy, 1, populate_existing=True)
    return reload_group(scope)


def _details(values: RuleValues, mail_text: str) -> dict[str, object]:
    details = asdict(values)
    if mail_text:
        details["mail_text"] = mail_text
    if values.required_from:
        details["required_from"] = values.required_from.isoformat()
    return details
