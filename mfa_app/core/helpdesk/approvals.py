"""The second approval of a risky reset: asking for one, approving, refusing, and stopping it by email."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import scope
from mfa_app.core.common.actor import SITE, Actor
from mfa_app.core.common.errors import (
    ApprovalGone,
    AskerLostRight,
    LockedByOwner,
    OutOfScope,
    OwnApproval,
    ResetOfClosedAccount,
)
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.common.tokens import digest
from mfa_app.core.helpdesk import approval_list, requests, reset
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.helpdesk.reset import Consent
from mfa_app.core.helpdesk.risk import ApprovalRules, Risk, risks_of, somebody_else_could_approve
from mfa_app.core.mail import administrators, one_time_links, outbox
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import account_lock
from mfa_app.extensions import db
from mfa_app.models import OneTimeLink, ResetApproval, User
from mfa_app.models.column_types import new_id

OPEN_FOR = timedelta(hours=4)


@dataclass(frozen=True)
class Asked:
    """What a helper asks for: why, how the caller was checked, and the request whose number was read out."""

    reason: str
    checked: CallerCheck
    request_id: str | None = None


def reset_or_ask(user: User, asked: Asked, *, rules: ApprovalRules, actor: Actor, now: datetime) -> bool:
    """Reset a user's second factors; a risky reset waits for the approval of another helper instead.

    Return True if it was reset. If nobody else could approve it, it is reset, and trail and email say so.
    Raises SessionEnded, HelpRequestGone, NotAllowed, OutOfScope, as a reset does; and ResetOfClosedAccount
    if it would have to wait.
    """
    begin_change(actor, Permission.RESET_SECOND_FACTOR, user)
    risks = risks_of(user, rules=rules, now=now)
    if risks and somebody_else_could_approve(user, actor, now=now):
        _require_not_closed(user, now)
        _ask(user, asked, risks, actor, now)
        return False
    _reset(user, asked, Consent(nobody_else=bool(risks)), actor, now)
    return True


def needed_for(user: User, actor: Actor, *, rules: ApprovalRules, now: datetime) -> tuple[Risk, ...]:
    """Return why a reset would have to wait for another helper now, for the form: nothing if it wouldn't."""
    risks = risks_of(user, rules=rules, now=now)
    return risks if risks and somebody_else_could_approve(user, actor, now=now) else ()


def approve(user: User, approval_id: str, *, actor: Actor, now: datetime) -> None:
    """Approve the reset with this id that waits for this user, and reset.

    Raises SessionEnded, NotAllowed, OutOfScope, HelpRequestGone; ApprovalGone if it was stopped, replaced or
    ended; OwnApproval for who has asked for it; AskerLostRight if that one may not reset this user any more;
    LockedByOwner; ResetOfClosedAccount.
    """
    approval = _begin(user, approval_id, actor, now)
    if approval.asked_by == actor.user_id:
        raise OwnApproval
    if user.account_locked_at is not None:
        raise LockedByOwner
    _require_not_closed(user, now)
    asker = _asker(approval, user, now)
    checked = CallerCheck(Way(approval.check_way), approval.check_note)
    asked = Asked(approval.reason, checked, approval.request_id)
    _reset(user, asked, Consent(asked_by=asker.email), actor, now)


def refuse(user: User, approval_id: str, *, reason: str, actor: Actor, now: datetime) -> None:
    """Refuse the reset with this id, or take back one's own. Nothing is reset.

    Raises SessionEnded, NotAllowed, OutOfScope, ApprovalGone.
    """
    approval = _begin(user, approval_id, actor, now)
    _drop(user)
    asker = db.session.get_one(User, approval.asked_by)
    record(Event.APPROVAL_REFUSED, actor=actor, subject=user, reason=reason, asked_by=asker.email)


def stop_by_link(link: OneTimeLink, user: User, *, actor: Actor, now: datetime) -> int:
    """Lock the account of the user who got a link by email, end the approval, and tell administrators.

    It does so even if the reset was approved meanwhile, or the account is locked. Return the user's
    security stamp. Raises OneTimeLinkExpired.
    """
    told_at = one_time_links.made_at(link)
    stamp = account_lock.lock_by_link(link, user, actor=actor, now=now)
    _drop(user)  # a lock of a locked account ends nothing
    story = approval_list.story_of(user, told_at=told_at)
    record(Event.APPROVAL_STOPPED, actor=actor, subject=user, too_late=story.was_reset)
    told = {
        "who": user.email,
        "asked_by": story.asked_by,
        "reason": story.reason,
        "too_late": story.was_reset,
    }
    for administrator in administrators.enabled():
        if administrator.id != user.id:
            outbox.enqueue(outbox.Mail.APPROVAL_STOPPED, administrator, now=now, to=None, **told)
    return stamp


def _ask(user: User, asked: Asked, risks: Iterable[Risk], actor: Actor, now: datetime) -> None:
    """Let a reset wait for an approval, in place of another one; asked for again it is the same."""
    if asked.request_id:
        requests.get_open(asked.request_id, user, now=now)
    told: dict[str, object] = {"reason": asked.reason, **asked.checked.details()}
    what = digest(json.dumps([actor.user_id, asked.request_id, told, list(risks)]))
    present = ResetApproval.user_id == user.id, ResetApproval.digest == what, ResetApproval.expires_at > now
    if db.session.scalar(select(ResetApproval.id).where(*present)):
        return
    _drop(user)
    db.session.add(
        ResetApproval(
            id=new_id(),
            user_id=user.id,
            asked_by=actor.user_id,
            digest=what,
            reason=asked.reason,
            check_way=asked.checked.way,
            check_note=asked.checked.note,
            request_id=asked.request_id,
            risks=list(risks),
            created_at=now,
            expires_at=now + OPEN_FOR,
        )
    )
    record(Event.APPROVAL_ASKED, actor=actor, subject=user, risks=list(risks), **told)
    _tell(user, told, actor, now)


def _tell(user: User, told: dict[str, object], actor: Actor, now: datetime) -> None:
    """Tell the user, who can stop it, and of a privileged user those who can approve it: administrators."""
    told = {"actor_name": actor.name, **told}
    stop = one_time_links.create(Purpose.STOP_APPROVAL, user, now=now)
    outbox.enqueue(outbox.Mail.APPROVAL_ASKED, user, now=now, to=None, token=stop, **told)
    if user.is_privileged:
        for administrator in administrators.enabled():
            if administrator.id not in (user.id, actor.user_id):
                whom = {"who": user.email, "called": user.name or user.email}
                wanted = {**whom, "hours": OPEN_FOR // timedelta(hours=1), **told}
                outbox.enqueue(outbox.Mail.APPROVAL_WANTED, administrator, now=now, to=None, **wanted)


def _begin(user: User, approval_id: str, actor: Actor, now: datetime) -> ResetApproval:
    """Lock the user, check the actor, and return what waits by then. Raises ApprovalGone."""
    begin_change(actor, Permission.RESET_SECOND_FACTOR, user)
    waiting = ResetApproval.id == approval_id, ResetApproval.user_id == user.id
    found = select(ResetApproval).where(*waiting, ResetApproval.expires_at > now)
    approval = db.session.scalar(found.execution_options(populate_existing=True))
    if approval is None:
        raise ApprovalGone
    return approval


def _asker(approval: ResetApproval, user: User, now: datetime) -> User:
    """Return who has asked, if they could reset this user themselves now. Raises AskerLostRight."""
    asker = db.session.get(User, approval.asked_by, populate_existing=True)
    if asker is None or not asker.is_open(now):
        raise AskerLostRight
    as_asker = as_user(SITE, asker)
    if not (as_asker.may(Permission.RESET_SECOND_FACTOR) and as_asker.may_act_on(user)):
        raise AskerLostRight
    try:
        scope.require_seen(as_asker, user)
    except OutOfScope:
        raise AskerLostRight from None
    return asker


def _require_not_closed(user: User, now: datetime) -> None:
    """Raise ResetOfClosedAccount for a user who is disabled, so can't stop what waits, or has ended."""
    if user.disabled_at is not None or user.has_ended(now):
        raise ResetOfClosedAccount


def _reset(user: User, asked: Asked, consent: Consent, actor: Actor, now: datetime) -> None:
    """Reset, which revokes access and so ends the approval."""
    reset.carry_out(
        user,
        reason=asked.reason,
        checked=asked.checked,
        request_id=asked.request_id,
        consent=consent,
        actor=actor,
        now=now,
    )


def _drop(user: User) -> None:
    db.session.execute(delete(ResetApproval).where(ResetApproval.user_id == user.id))
