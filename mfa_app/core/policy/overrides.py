"""Overrides for one user: a personal requirement, an exemption, or a later day by which to link an app."""

from datetime import date, datetime, timedelta

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common import days
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import (
    CannotDelayRole,
    CannotExemptRole,
    CannotExemptSelf,
    DeadlineOutOfRange,
)
from mfa_app.core.common.locks import begin_change, lock_and_reload
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import notices, outbox
from mfa_app.models import User

LONGEST_DELAY = timedelta(days=90)  # long enough for a leave; who needs longer is exempt, with a reason

LONGEST_EXEMPTION = timedelta(days=366)

END_TOLD_BEFORE = timedelta(days=7)  # how long before the end of an exemption its holder is told of it


def set_requirement(user: User, required: bool, *, actor: Actor, now: datetime) -> None:
    """Require 2FA of one user, or stop requiring it. Overrides the groups and revokes remembered devices.

    A requirement ends an exemption, of which the user is told. Raises NotAllowed, SessionEnded, and
    CannotExemptSelf (nobody can lift their own requirement).
    """
    begin_change(actor, Permission.MANAGE_POLICY)
    lock_and_reload(user)
    if not required and not actor.may_loosen(user):
        raise CannotExemptSelf
    if user.required == required and not (required and user.exempt_until):
        return
    if user.required != required:
        because = EndReason.REQUIRED if required else EndReason.NO_LONGER_REQUIRED
        remembered_devices.forget(user, actor=actor, because=because)
    user.required = required
    if required:
        _clear_exemption(user, now)
    record(Event.REQUIREMENT_CHANGED, actor=actor, subject=user, required=required)


def exempt(user: User, *, until: datetime, reason: str, actor: Actor, now: datetime) -> None:
    """Exempt a user from 2FA until a time, for a reason, and revoke remembered devices.

    The user is told until when, by email; if that is soon, no second email tells of the end. Raises
    NotAllowed (nobody can exempt themselves), SessionEnded, and CannotExemptRole for administrators and the
    help desk.
    """
    begin_change(actor, Permission.MANAGE_POLICY, user)
    if user.is_privileged:
        raise CannotExemptRole
    if (user.exempt_until, user.exempt_reason, user.required) == (until, reason, False):
        return
    remembered_devices.forget(user, actor=actor, because=EndReason.NO_LONGER_REQUIRED)
    if user.exempt_until is None or user.exempt_until <= now:
        user.exempt_since = now
    if user.exempt_until != until:
        _tell_of_exemption(user, until, now)
    user.exempt_until, user.exempt_reason, user.exempt_by = until, reason, actor.name
    user.required = False
    record(Event.EXEMPTION_GIVEN, actor=actor, subject=user, until=until.isoformat(), reason=reason)


def possible_ends(now: datetime) -> tuple[date, date]:
    """Return the first and the last day that may be the last one of an exemption."""
    today = days.day_of(now)
    return today + timedelta(days=1), today + LONGEST_EXEMPTION


def end_exemption(user: User, *, actor: Actor, now: datetime) -> None:
    """End a user's exemption now, if there is one that has not ended by itself.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_POLICY)
    lock_and_reload(user)
    if user.exempt_until is None or user.exempt_until <= now:
        return
    drop_exemption(user, actor=actor, now=now)


def drop_exemption(user: User, *, actor: Actor, now: datetime) -> None:
    """Take an exemption away, within a change that has begun. The user gets an email if it was in force."""
    _clear_exemption(user, now)
    record(Event.EXEMPTION_ENDED, actor=actor, subject=user)


def latest_deadline(now: datetime) -> date:
    """Return the last day that a deadline of one person may have."""
    return days.day_of(now) + LONGEST_DELAY


def set_deadline(user: User, last_day: date | None, *, actor: Actor, now: datetime) -> None:
    """Let one user be without a second factor until the end of a day, or, with None, no longer than others.

    A later date of a rule counts instead. It stays when the user links, and does nothing from then on. Raises
    NotAllowed, SessionEnded; CannotDelayRole for administrators and the help desk; DeadlineOutOfRange for a
    day in the past, or too far ahead.
    """
    begin_change(actor, Permission.MANAGE_POLICY, user)
    if last_day is None:
        if user.link_by is not None:
            drop_deadline(user, actor=actor)
        return
    if user.is_privileged:
        raise CannotDelayRole
    if not days.day_of(now) <= last_day <= latest_deadline(now):
        raise DeadlineOutOfRange(latest_deadline(now))
    link_by = days.end_of(last_day)
    if user.link_by == link_by:
        return
    user.link_by = link_by
    record(Event.DEADLINE_SET, actor=actor, subject=user, until=link_by.isoformat())


def _tell_of_exemption(user: User, until: datetime, now: datetime) -> None:
    outbox.enqueue(outbox.Mail.EXEMPTION_GIVEN, user, now=now, until=until.isoformat())
    if until <= now + END_TOLD_BEFORE:
        about = days.day_of(until).isoformat()
        notices.first_time([user.id], outbox.Mail.EXEMPTION_ENDS, about, now=now)


def _clear_exemption(user: User, now: datetime) -> None:
    if user.exempt_until is not None and user.exempt_until > now:
        outbox.enqueue(outbox.Mail.EXEMPTION_OVER, user, now=now)
    user.exempt_until, user.exempt_since, user.exempt_reason, user.exempt_by = None, None, None, None


def drop_deadline(user: User, *, actor: Actor) -> None:
    """Take a user's own deadline away, within a change that has begun."""
    user.link_by = None
    record(Event.DEADLINE_ENDED, actor=actor, subject=user)
