"""Which resets are risky, so that another helper approves them, and whether anybody else could."""

import enum
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, exists, or_, select

from mfa_app.core.audit.events import Event
from mfa_app.core.common import days
from mfa_app.core.common.actor import Actor
from mfa_app.core.policy import conditions
from mfa_app.extensions import db
from mfa_app.models import PRIVILEGED, AuditEvent, HelpdeskScope, Membership, Role, User
from mfa_app.models.database import unindexed
from mfa_app.settings.values import OfficeHours

REPEATED_WITHIN = timedelta(days=30)


class Risk(enum.StrEnum):
    """Why a reset is risky. The values are stored on the trail, so they never change."""

    PRIVILEGED = "privileged"
    REPEATED = "repeated"
    AFTER_HOURS = "after hours"


class ApprovalRules(Protocol):
    """What administrators have set about approvals for the site."""

    @property
    def approve_resets(self) -> bool: ...

    @property
    def office_hours(self) -> OfficeHours | None: ...


def risks_of(user: User, *, rules: ApprovalRules, now: datetime) -> tuple[Risk, ...]:
    """Return why a reset of this user is risky now; nothing if resets need no approval. One SELECT."""
    if not rules.approve_resets:
        return ()
    hours = rules.office_hours
    risky = {
        Risk.PRIVILEGED: user.is_privileged,
        Risk.REPEATED: _was_reset(user, since=now - REPEATED_WITHIN),
        Risk.AFTER_HOURS: hours is not None and not hours.hold_at(days.local(now)),
    }
    return tuple(risk for risk, is_so in risky.items() if is_so)


def somebody_else_could_approve(user: User, actor: Actor, *, now: datetime) -> bool:
    """Return True if there is another helper who may reset this user, and can log in. One SELECT."""
    others = User.id != user.id, User.id.is_distinct_from(actor.user_id), *_can_log_in(now)
    return db.session.scalar(select(exists().where(*others, _may_reset(user)))) is True


def _was_reset(user: User, *, since: datetime) -> bool:
    """Return True if the trail has a reset of this user since then. It is read by the index of subjects."""
    reset = AuditEvent.event == Event.SECOND_FACTOR_RESET.label, AuditEvent.at > since
    return db.session.scalar(select(exists().where(AuditEvent.subject_id == user.id, *reset))) is True


def _can_log_in(now: datetime) -> list[ColumnElement[bool]]:
    return [
        conditions.is_open(now),
        User.password_hash.is_not(None),
        unindexed(User.linked).is_(True),
        User.factors_locked_at.is_(None),
    ]


def _may_reset(user: User) -> ColumnElement[bool]:
    """Return the condition for a User to have the right and the rank, and this user in reach."""
    if user.role in PRIVILEGED:
        return User.role == Role.ADMIN
    groups = select(Membership.group_id).where(Membership.user_id == user.id)
    inside = exists().where(HelpdeskScope.user_id == User.id, HelpdeskScope.group_id.in_(groups))
    in_reach = or_(User.role == Role.ADMIN, User.help_limited.is_(False), inside)
    return User.role.in_(PRIVILEGED) & in_reach  # few of many, by the index of roles
