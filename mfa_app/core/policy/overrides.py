"""Overrides for one user: a personal requirement or an exemption. Both beat the groups."""

from datetime import datetime

from sqlalchemy import select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import CannotExemptSelf
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy import last_administrator
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Role, User

NO_LONGER_REQUIRED, REQUIRED = "no longer required", "required"


def set_requirement(user: User, required: bool, *, actor: Actor, now: datetime) -> None:
    """Require 2FA of one user, or stop requiring it. Overrides the groups and revokes remembered devices.

    Raises NotAllowed, LastAdministrator, and CannotExemptSelf (nobody can lift their own requirement).
    """
    actor.require(Permission.MANAGE_POLICY)
    if not required and not actor.may_loosen(user):
        raise CannotExemptSelf
    lock_administration()
    if user.required == required and not (required and user.exempt_until):
        return
    if required and user.role == Role.ADMIN and not _is_enrolled(user):
        last_administrator.require_one(without=user, now=now)
    if user.required != required:
        remembered_devices.forget(user, actor=actor, because=REQUIRED if required else NO_LONGER_REQUIRED)
    user.required = required
    if required:
        user.exempt_until, user.exempt_reason, user.exempt_by = None, None, None
    record(Event.REQUIREMENT_CHANGED, actor=actor, subject=user, required=required)


def exempt(user: User, *, until: datetime, reason: str, actor: Actor) -> None:
    """Exempt a user from 2FA until a time, for a reason, and revoke remembered devices.

    Raises NotAllowed: nobody can exempt themselves.
    """
    actor.require(Permission.MANAGE_POLICY, user)
    if (user.exempt_until, user.exempt_reason, user.required) == (until, reason, False):
        return
    remembered_devices.forget(user, actor=actor, because=NO_LONGER_REQUIRED)
    user.exempt_until, user.exempt_reason, user.exempt_by = until, reason, actor.name
    user.required = False
    record(Event.EXEMPTION_GIVEN, actor=actor, subject=user, until=until.isoformat(), reason=reason)


def end_exemption(user: User, *, actor: Actor, now: datetime) -> None:
    """End a user's exemption now, if there is one that has not ended by itself. Raises NotAllowed."""
    actor.require(Permission.MANAGE_POLICY)
    if user.exempt_until is None or user.exempt_until <= now:
        return
    user.exempt_until, user.exempt_reason, user.exempt_by = None, None, None
    record(Event.EXEMPTION_ENDED, actor=actor, subject=user)


def _is_enrolled(user: User) -> bool:
    linked = select(Authenticator.id).where(Authenticator.user_id == user.id)
    return db.session.scalar(linked) is not None
