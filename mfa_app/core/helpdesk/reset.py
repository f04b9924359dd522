"""The help desk's reset: it removes all second factors, so that the user enrols again at the next login."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import enrolment
from mfa_app.core.helpdesk import after_reset, requests
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.mail import outbox
from mfa_app.core.operations import site_values
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.models import Ending, LinkProof, User
from mfa_app.settings import ResetLeadsTo

_PROOFS = {ResetLeadsTo.LINK: None, ResetLeadsTo.ACCESS_PASS: LinkProof.ACCESS_PASS}


def reset_second_factor(
    user: User,
    *,
    reason: str,
    checked: CallerCheck,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Remove the user's second factors and revoke all access.

    The next login leads to enrolment, without a new grace period and whatever the rules say; only an
    exemption delays it. What that takes besides the password is set for the site. It ends the user's open
    request. With the `request_id` of that one, whose number the caller has read out, the browser that filed
    it may go on to linking. Raises SessionEnded, HelpRequestGone, NotAllowed: the help desk can't reset
    administrators, other help desk staff or itself; and OutOfScope.
    """
    leads_to = site_values.current().reset_leads_to
    begin_change(actor, Permission.RESET_SECOND_FACTOR, user)
    request = requests.get_open(request_id, user, now=now) if request_id else None
    was_linked = enrolment.delete_all(user.id, Ending.RESET, now=now)
    user.link_required, user.link_proof = True, _PROOFS[leads_to]
    details = {"reason": reason, "was_linked": was_linked, **checked.details()}
    record(Event.SECOND_FACTOR_RESET, actor=actor, subject=user, **details)
    revoke_access(user, because=RevocationReason.RESET, actor=actor)
    if request is not None:
        after_reset.permit(user, request)
    told = {"actor_name": actor.name, "reason": reason, "proof": user.link_proof, **checked.details()}
    outbox.enqueue(outbox.Mail.RESET, user, now=now, **told)
