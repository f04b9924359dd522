"""Accounts that end after a last day: their owners are told before, and a job disables them when it is over.

Nobody waits for the job to be kept out: `Standing.is_open` closes the account at the very moment.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, select

from mfa_app.core.common import days
from mfa_app.core.common.actor import SITE
from mfa_app.core.common.locks import lock_administration, lock_and_reload
from mfa_app.core.common.turns import taking_turns
from mfa_app.core.mail import notices, outbox
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import User

BATCH = 100  # accounts in one transaction, for which administration waits

TOLD_BEFORE = (timedelta(days=1), timedelta(days=14))


def disable_ended(*, now: datetime) -> int:
    """Disable the accounts whose last day is over, batch by batch. Commits; returns how many there were."""
    disabled = 0
    for done in taking_turns(lambda: _disable(_ids(User.ends_at <= now), now)):
        if not done:
            break
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
    if not ids:
        return 0
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
        mails += _tell(ids, notice, now)
        db.session.commit()
    return mails


def _tell(ids: list[int], notice: str, now: datetime) -> int:
    of_end: dict[datetime, list[User]] = defaultdict(list)
    for user in db.session.scalars(select(User).where(User.id.in_(ids), User.ends_at.is_not(None))):
        of_end[cast(datetime, user.ends_at)].append(user)
    mails = 0
    for ends_at, users in of_end.items():
        about = f"{notice} before {days.last_before(ends_at).isoformat()}"
        last_day = (ends_at - timedelta.resolution).isoformat()
        mails += notices.mail_once(outbox.Mail.ACCOUNT_ENDS, users, about, now=now, last_day=last_day)
    return mails


def _ids(*where: ColumnElement[bool]) -> list[int]:
    """Return the next of the enabled accounts with a last day, in the order of their numbers."""
    ending = select(User.id).where(User.ends_at.is_not(None), User.disabled_at.is_(None), *where)
    return list(db.session.scalars(ending.order_by(User.id).limit(BATCH)))
