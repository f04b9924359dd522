"""The help desk's reset: it removes all second factors, so that the user enrols again at the next login."""

from dataclasses import dataclass
from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import own_factors
from mfa_app.core.helpdesk import after_reset, next_login, requests
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.mail import outbox
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.models import Ending, User

NOBODY_ELSE = "nobody else"  # on the trail


@dataclass(frozen=True)
class Consent:
    """Who asked for a reset that the actor approves, or that nobody else could approve a risky one."""

    asked_by: str | None = None
    nobody_else: bool = False

    def details(self) -> dict[str, str | None]:
        """Return what the trail and the email to the person have of it."""
        return {"asked_by": self.asked_by, "approval": NOBODY_ELSE if self.nobody_else else None}


NOT_NEEDED = Consent()


def reset_second_factor(
    user: User,
    *,
    reason: str,
    checked: CallerCheck,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Remove the user's second factors and revoke all access, without a second approval: pages ask for that.

    The next login leads to enrolment, without a new grace period and whatever the rules say; only an
    exemption delays it. What that takes besides the password is set for the site. It ends the user's open
    request. With the `request_id` of that one, whose number the caller has read out, the browser that filed
    it may go on to linking. Raises SessionEnded, HelpRequestGone, NotAllowed: the help desk can't reset
    administrators, other help desk staff or itself; and OutOfScope.
    """
    begin_change(actor, Permission.RESET_SECOND_FACTOR, user)
    carry_out(user, reason=reason, checked=checked, request_id=request_id, actor=actor, now=now)


def carry_out(
    user: User,
    *,
    reason: str,
    checked: CallerCheck,
    request_id: str | None = None,
    consent: Consent = NOT_NEEDED,
    actor: Actor,
    now: datetime,
) -> None:
    """Reset within a change that has begun, and say how it was approved. Raises HelpRequestGone."""
    request = requests.get_open(request_id, user, now=now) if request_id else None
    was_linked = own_factors.delete_all(user.id, Ending.RESET, now=now)
    user.link_required, user.link_proof = True, next_login.proof_after_reset()
    details = {"reason": reason, "was_linked": was_linked, **checked.details(), **consent.details()}
    record(Event.SECOND_FACTOR_RESET, actor=actor, subject=user, **details)
    revoke_access(user, because=RevocationReason.RESET, actor=actor)
    if request is not None:
        after_reset.permit(user, request)
    takes = next_login.after_reset(user, now=now)
    told: dict[str, str | None] = {"actor_name": actor.name, "reason": reason, "next_login": takes}
    told |= {**checked.details(), **consent.details()}
    outbox.enqueue(outbox.Mail.RESET, user, now=now, **told)
