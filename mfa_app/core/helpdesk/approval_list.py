"""Which resets wait for a second approval, and what has become of the others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import aliased

from mfa_app.core.audit.events import Event
from mfa_app.core.common import scope
from mfa_app.core.common.actor import Actor
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.helpdesk.risk import Risk
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, ResetApproval, User

MOST = 50

_ANSWERS = (
    Event.APPROVAL_REFUSED,
    Event.APPROVAL_STOPPED,
    Event.RESET_REQUEST_STOPPED,  # ends the approval too
    Event.SECOND_FACTOR_RESET,
)


_ASKER = aliased(User, name="asker")

_OPEN: Select[*tuple[Any, ...]] = (
    select(ResetApproval, User, _ASKER)
    .join(User, User.id == ResetApproval.user_id)
    .join(_ASKER, _ASKER.id == ResetApproval.asked_by)
    .where(ResetApproval.expires_at > bindparam("now"))
    .execution_options(populate_existing=True)
)

_OF_USER = _OPEN.where(ResetApproval.user_id == bindparam("user_id"))


@dataclass(frozen=True)
class Waiting:
    """A reset that waits: for whom, who asks, why, how the caller was checked, and why it is risky."""

    id: str
    user_id: int
    name: str
    email: str
    asked_by_id: int
    asked_by: str
    reason: str
    checked: CallerCheck
    risks: tuple[Risk, ...]
    request_id: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Story:
    """What the trail says of a reset that was asked for: by whom, why, and what came then.

    `since` has the newest step first. `asked_by` is empty if nobody has asked for an approval.
    """

    asked_by: str = ""
    reason: str = ""
    since: tuple[AuditEvent, ...] = ()

    @property
    def was_reset(self) -> bool:
        """Whether the second factors have been reset since."""
        return Event.SECOND_FACTOR_RESET.label in {step.event for step in self.since}


def waiting_for(actor: Actor, *, now: datetime) -> tuple[Waiting, ...]:
    """Return the 50 oldest approvals about users whom the actor may reset, in one SELECT."""
    oldest_first = ResetApproval.expires_at, ResetApproval.user_id
    found = _OPEN.where(*scope.within_reach(actor)).order_by(*oldest_first).limit(MOST)
    return tuple(map(_waiting, db.session.execute(found, {"now": now})))


def of_user(user: User, *, now: datetime) -> Waiting | None:
    """Return what waits for an approval about this user, or None."""
    row = db.session.execute(_OF_USER, {"now": now, "user_id": user.id}).one_or_none()
    return _waiting(row) if row else None


def story_of(user: User, *, told_at: datetime | None = None) -> Story:
    """Return what has become of the last reset of this user that was asked for, by the trail.

    `told_at`: of the reset instead that the user was told of then.
    """
    about = select(AuditEvent).where(AuditEvent.subject_id == user.id)
    newest, asks = about.order_by(AuditEvent.id.desc()), AuditEvent.event == Event.APPROVAL_ASKED.label
    found = newest if told_at is None else about.where(AuditEvent.at >= told_at).order_by(AuditEvent.id)
    asked = db.session.scalar(found.where(asks).limit(1))
    if asked is None:
        return Story()
    then = AuditEvent.id > asked.id, AuditEvent.event.in_([event.label for event in _ANSWERS])
    since = tuple(db.session.scalars(newest.where(*then).limit(MOST)))
    return Story(asked.actor_name, str(asked.details["reason"]), since)


def _waiting(row: Row[Any]) -> Waiting:
    approval, user, asker = row.ResetApproval, row.User, row.asker
    return Waiting(
        id=approval.id,
        user_id=user.id,
        name=user.name or user.email,
        email=user.email,
        asked_by_id=asker.id,
        asked_by=asker.name or asker.email,
        reason=approval.reason,
        checked=CallerCheck(Way(approval.check_way), approval.check_note),
        risks=tuple(map(Risk, approval.risks)),
        request_id=approval.request_id,
        created_at=approval.created_at,
        expires_at=approval.expires_at,
    )
