"""Accounts that end after a last day: their owners are told before, and a job disables them when it is over.

Nobody waits for the job to be kept out: `Standing.is_open` closes the account at the very moment.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from mfa_app.core.common import days
from mfa_app.core.common.actor import SITE
from mfa_app.core.common.locks import lock_administration, lock_and_reload
from mfa_app.core.mail import notices, outbox
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import User

BATCH = 100  # accounts in one transaction, for which administration waits

TOLD_BEFORE = (timedelta(days=1), timedelta(days=14))


def disable_ended(*, now: datetime) -> int:
    """Disable the accounts whose last day is over, batch by batch. Commits; returns how many there were."""
    disabled = 0
    while (ids := _ids(User.ends_at <= now)) and (done := _disable(ids, now)):
        disabled += done
    return disabled


def tell_before_end(*, now: datetime) -> int:
    """Mail those whose account ends within 14 days, and again within one day, once each.

    Commits; returns how many mails there were.
    """
    mails = 0
    since = now
    for span in TOLD_BEFORE:
        mails += _tell_those_ending(since, now + span, f"{span.days} days", now)
        since = now + span
    return mails


def _disable(ids: list[int], now: datetime) -> int:
    lock_administration()
    disabled = 0
    for user in db.session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id)):
        lock_and_reload(user)
        if user.has_ended(now) and user.disabled_at is None:
            accounts.close(user, actor=SITE, now=now)
            disabled += 1
    db.session.commit()
    return disabled


def _tell_those_ending(since: datetime, until: datetime, notice: str, now: datetime) -> int:
    """Tell those whose account ends in this span, a batch in each transaction."""
    mails, after = 0, 0
    while ids := _ids(User.ends_at > since, User.ends_at <= until, User.id > after):
        after = ids[-1]
        for user in db.session.scalars(select(User).where(User.id.in_(ids))):
            mails += _tell(user, notice, now)
        db.session.commit()
    return mails


def _tell(user: User, notice: str, now: datetime) -> bool:
    if user.ends_at is None:
        return False
    last_moment = user.ends_at - timedelta.resolution
    about = f"{notice} before {days.last_before(user.ends_at).isoformat()}"
    if not notices.first_time([user.id], outbox.Mail.ACCOUNT_ENDS, about, now=now):
        return False
    outbox.enqueue(outbox.Mail.ACCOUNT_ENDS, user, now=now, last_day=last_moment.isoformat())
    return True


def _ids(*where: ColumnElement[bool]) -> list[int]:
    """Return the next of the enabled accounts with a last day, in the order of their numbers."""
    ending = select(User.id).where(User.ends_at.is_not(None), User.disabled_at.is_(None), *where)
    return list(db.session.scalars(ending.order_by(User.id).limit(BATCH)))
