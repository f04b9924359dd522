"""Invitations that expire soon: their owners are reminded the day before, with a link of its own."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from mfa_app.core.common import email_addresses
from mfa_app.core.common.locks import lock_and_reload
from mfa_app.core.common.tokens import digest
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy import conditions, facts
from mfa_app.core.users.invitations import State, is_invitable, queue_mail, state_of
from mfa_app.extensions import db
from mfa_app.models import Invitation, User

BATCH = 100  # invitations in one transaction

TOLD_BEFORE = timedelta(days=1)

_WORKING = frozenset({State.WAITING, State.SENT, State.OPENED})


def tell_before_end(*, now: datetime) -> int:
    """Mail those whose invitation expires within a day, once for each. Commits; returns how many mails.

    The token of the first mail is not kept, so the second has one of its own. Both expire together, and both
    end when one is used.
    """
    mails = 0
    last: tuple[datetime, int] | None = None
    while ending := _ending(now, last):
        last = ending[-1]
        mails += _tell([user_id for _expires_at, user_id in ending], now)
        db.session.commit()
    return mails


def require_true(to: str, until: datetime, *, now: datetime) -> None:
    """Raise NoLongerTrue unless the invitation to this address expires then, and waits for its owner."""
    of_mail = User.email_key == email_addresses.key_of(to), Invitation.expires_at == until
    found = db.session.execute(
        select(Invitation, User).join(User, User.id == Invitation.user_id).where(*of_mail)
    ).one_or_none()
    if found is None or not _is_waited_for(found.Invitation, found.User, now):
        raise outbox.NoLongerTrue


def _is_waited_for(invitation: Invitation, user: User, now: datetime) -> bool:
    """Return True if this invitation works now, and nobody has chosen a password yet."""
    return is_invitable(user, now) and state_of(invitation, user, now=now) in _WORKING


def _ending(now: datetime, last: tuple[datetime, int] | None) -> list[tuple[datetime, int]]:
    """Return the next of those who were not reminded yet, by the end of the invitation and the user.

    Those who can't use it or get no mail are left out here, or each run would lock them one by one.
    """
    soon = Invitation.expires_at > now, Invitation.expires_at <= now + TOLD_BEFORE
    waiting = Invitation.used_at.is_(None), Invitation.reminder_digest.is_(None)
    invitable = User.password_hash.is_(None), conditions.is_open(now)
    alive = User.security_stamp == Invitation.security_stamp, User.email_refused_at.is_(None)
    found = select(Invitation.expires_at, Invitation.user_id).join(User, User.id == Invitation.user_id)
    found = found.where(*soon, *waiting, *invitable, *alive)
    if last is not None:
        at, user_id = last
        found = found.where(
            Invitation.expires_at >= at, or_(Invitation.expires_at > at, Invitation.user_id > user_id)
        )
    found = found.order_by(Invitation.expires_at, Invitation.user_id).limit(BATCH)
    return [(row.expires_at, row.user_id) for row in db.session.execute(found)]


def _tell(user_ids: Sequence[int], now: datetime) -> int:
    mails = 0
    subjects = facts.find_subjects_by_id(user_ids)
    for subject in sorted(subjects, key=lambda subject: subject.user.id):  # so that no two of these deadlock
        user = subject.user
        lock_and_reload(user)
        invitation = db.session.get(Invitation, user.id, populate_existing=True)
        if invitation is None or invitation.reminder_digest or not _is_waited_for(invitation, user, now):
            continue
        token = one_time_links.add(Purpose.INVITATION, user, expires_at=invitation.expires_at)
        invitation.reminder_digest = digest(token)
        queue_mail(outbox.Mail.INVITATION_ENDS, invitation, user, subject.facts, token, now=now)
        mails += 1
    return mails
