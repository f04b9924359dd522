"""The help desk opens an account again that its owner has locked."""

from datetime import datetime

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.models import User


def open_again(user: User, *, reason: str, checked: CallerCheck, actor: Actor, now: datetime) -> None:
    """Open an account that its owner has locked, and tell the owner by email.

    What the lock ended stays ended. Earlier links that lock the account no longer work. Raises SessionEnded;
    NotAllowed: the help desk can't open the accounts of administrators, other help desk staff or its own; and
    OutOfScope.
    """
    begin_change(actor, Permission.OPEN_ACCOUNT, user)
    if user.account_locked_at is None:
        return
    user.account_locked_at = None
    record(Event.ACCOUNT_OPENED, actor=actor, subject=user, reason=reason, **checked.details())
    one_time_links.end_locking(user, because=EndReason.ACCOUNT_OPENED, actor=actor)
    told = {"actor_name": actor.name, "reason": reason, **checked.details()}
    outbox.enqueue(outbox.Mail.ACCOUNT_OPENED, user, now=now, **told)
