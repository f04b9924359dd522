"""The help desk removes one app or passkey, such as that of a lost phone. The others stay."""

from datetime import datetime

from sqlalchemy import delete

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import LastFactor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import former_apps, held
from mfa_app.core.factors.held import HeldFactor, Kind
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.mail import outbox
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Ending, Passkey, User

_REASONS = {Kind.APP: RevocationReason.UNLINKED, Kind.PASSKEY: RevocationReason.PASSKEY_REMOVED}


def remove_factor(
    user: User, factor_id: str, *, reason: str, checked: CallerCheck, actor: Actor, now: datetime
) -> HeldFactor:
    """Remove the user's app or passkey with this id, revoke all access, and tell the user by email.

    What is left opens the second gate as before; so do recovery codes. Return what was removed. Raises
    SessionEnded; NotAllowed and OutOfScope, as a reset does; FactorGone; and LastFactor if it is the only
    one: then a reset also says how the user gets another.
    """
    begin_change(actor, Permission.RESET_SECOND_FACTOR, user)
    present = held.of_user(user)
    factor = held.with_id(present, factor_id)
    if len(present) == 1:
        raise LastFactor
    _delete(user, factor, now)
    record(
        Event.SECOND_FACTOR_REMOVED,
        actor=actor,
        subject=user,
        factor=factor.kind.value,
        name=factor.name,
        reason=reason,
        **checked.details(),
    )
    revoke_access(user, because=_REASONS[factor.kind], actor=actor)
    what = {"kind": factor.kind.value, "factor": factor.name}
    told = {"actor_name": actor.name, "reason": reason, **checked.details()}
    outbox.enqueue(outbox.Mail.FACTOR_REMOVED, user, now=now, **what, **told)
    return factor


def _delete(user: User, factor: HeldFactor, now: datetime) -> None:
    if factor.kind is Kind.PASSKEY:
        db.session.execute(delete(Passkey).where(Passkey.id == factor.id))
        return
    app = db.session.get_one(Authenticator, factor.id)
    former_apps.keep(user.id, [app], Ending.REMOVED_FOR_USER, now=now)
    db.session.execute(delete(Authenticator).where(Authenticator.id == factor.id))
