"""Overrides for one user: a personal requirement or an exemption. Both beat the groups."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import CannotExemptRole, CannotExemptSelf
from mfa_app.core.common.locks import begin_change, lock_and_reload
from mfa_app.core.common.permissions import Permission
from mfa_app.models import User

NO_LONGER_REQUIRED, REQUIRED = "no longer required", "required"


def set_requirement(user: User, required: bool, *, actor: Actor) -> None:
    """Require 2FA of one user, or stop requiring it. Overrides the groups and revokes remembered devices.

    Raises NotAllowed, SessionEnded, and CannotExemptSelf (nobody can lift their own requirement).
    """
    begin_change(actor, Permission.MANAGE_POLICY)
    lock_and_reload(user)
    if not required and not actor.may_loosen(user):
        raise CannotExemptSelf
    if user.required == required and not (required and user.exempt_until):
        return
    if user.required != required:
        remembered_devices.forget(user, actor=actor, because=REQUIRED if required else NO_LONGER_REQUIRED)
    user.required = required
    if required:
        user.exempt_until, user.exempt_reason, user.exempt_by = None, None, None
    record(Event.REQUIREMENT_CHANGED, actor=actor, subject=user, required=required)


def exempt(user: User, *, until: datetime, reason: str, actor: Actor) -> None:
    """Exempt a user from 2FA until a time, for a reason, and revoke remembered devices.

    Raises NotAllowed (nobody can exempt themselves), SessionEnded, and CannotExemptRole for administrators
    and the help desk.
    """
    begin_change(actor, Permission.MANAGE_POLICY, user)
    if user.is_privileged:
        raise CannotExemptRole
    if (user.exempt_until, user.exempt_reason, user.required) == (until, reason, False):
        return
    remembered_devices.forget(user, actor=actor, because=NO_LONGER_REQUIRED)
    user.exempt_until, user.exempt_reason, user.exempt_by = until, reason, actor.name
    user.required = False
    record(Event.EXEMPTION_GIVEN, actor=actor, subject=user, until=until.isoformat(), reason=reason)


def end_exemption(user: User, *, actor: Actor, now: datetime) -> None:
    """End a user's exemption now, if there is one that has not ended by itself.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_POLICY)
    lock_and_reload(user)
    if user.exempt_until is None or user.exempt_until <= now:
        return
    drop_exemption(user, actor=actor)


def drop_exemption(user: User, *, actor: Actor) -> None:
    """Take an exemption away, within a change that has begun."""
    user.exempt_until, user.exempt_reason, user.exempt_by = None, None, None
    record(Event.EXEMPTION_ENDED, actor=actor, subject=user)
