"""Enrolment links: what administrators and the help desk need to link a first app, besides their password."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import LinkNotNeeded
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy.subject_facts import has_factor
from mfa_app.core.users import invitations
from mfa_app.models import User


def send(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail a user a one-time link that permits linking a first app, and return its token.

    A user who hasn't chosen a password yet gets a new invitation, which permits it too. Raises NotAllowed,
    SessionEnded, LinkNotNeeded.
    """
    begin_change(actor, Permission.MANAGE_USERS, user)
    if not needs_link(user):
        raise LinkNotNeeded
    return mail_to(user, actor=actor, now=now)


def needs_link(user: User) -> bool:
    """Return True if this user can log in only after enrolling, for which the password isn't enough."""
    barred = user.is_privileged and user.is_active and not user.link_required
    return barred and not has_factor(user)


def mail_to(user: User, *, actor: Actor, now: datetime) -> str:
    """Mail the link to a user who needs it, within a change that has begun; return its token."""
    if user.password_hash is None:
        return invitations.mail_to(user, actor=actor, now=now)
    token = one_time_links.create(Purpose.ENROLMENT, user, actor=actor, now=now)
    hours = one_time_links.hours_of(Purpose.ENROLMENT)
    outbox.enqueue(outbox.Mail.ENROLMENT_LINK, user, now=now, token=token, hours=hours)
    record(Event.ENROLMENT_LINK_SENT, actor=actor, subject=user)
    return token
