"""Site statistics: the few numbers that show an administrator whether something needs attention."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, false, func, or_, select, true

from mfa_app.core.policy import conditions
from mfa_app.core.policy.crowd import people_where
from mfa_app.core.rollout import board
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import (
    PRIVILEGED,
    CohortCount,
    OutboxMail,
    Throttle,
    User,
)
from mfa_app.models.throttle import key_begins

MAX_NAMED = 10


@dataclass(frozen=True)
class SiteStatistics:
    """Numbers about enabled accounts and about mail.

    `must_link`: as the board of the roll-out counts them. `stopped`: locked second factors, which need the
    help desk. `accounts_locked`: by their owners. `waiting`: blocked for a while after wrong codes.
    `mails_failed`: given up after three days. `mail_error`: why no mail leaves at all, else None.
    `without_app`: the first administrators and help desk staff, by email address, who have no app and no
    passkey.
    """

    people: int
    linked: int
    must_link: int
    stopped: int
    accounts_locked: int
    waiting: int
    mails_waiting: int
    mails_failed: int
    mail_error: str | None
    without_app: tuple[User, ...]


def site_statistics(*, now: datetime) -> SiteStatistics:
    """Return the numbers, using seven SELECTs, whatever the number of users."""
    people, linked = _people()
    waiting = select(func.count(Throttle.key)).where(
        key_begins(f"{limits.CODE.name}:"),
        Throttle.next_try_at > now,
        Throttle.failures < limits.CODE.lockout_after,
    )
    enabled = select(func.count(User.id)).where(User.disabled_at.is_(None))
    locked_out = select(
        enabled.where(User.factors_locked_at.is_not(None)).scalar_subquery().label("stopped"),
        enabled.where(User.account_locked_at.is_not(None)).scalar_subquery().label("by_owner"),
    )
    mails = select(
        func.count(OutboxMail.next_attempt_at).label("waiting"),
        func.count(OutboxMail.id).filter(OutboxMail.next_attempt_at.is_(None)).label("failed"),
    ).where(OutboxMail.sent_at.is_(None))
    unsent, locked = db.session.execute(mails).one(), db.session.execute(locked_out).one()
    return SiteStatistics(
        people=people,
        linked=linked,
        must_link=board.to_link(None, now=now),
        stopped=locked.stopped,
        accounts_locked=locked.by_owner,
        waiting=db.session.scalars(waiting).one(),
        mails_waiting=unsent.waiting,
        mails_failed=unsent.failed,
        mail_error=_last_mail_error(),
        without_app=privileged_without_app(limit=MAX_NAMED),
    )


def _people() -> tuple[int, int]:
    """Return how many accounts are enabled, and how many of these people have an app or a passkey."""
    numbers = select(people_where(true()), people_where(conditions.of_cohort().linked)).where(
        ~CohortCount.disabled
    )
    people, linked = db.session.execute(numbers).one()
    return people, linked


def privileged_without_app(*, limit: int | None = None) -> tuple[User, ...]:
    """Return the enabled administrators and help desk staff without a second factor, by email address."""
    # An expression, so that the few with a role are read and not, by an index, all who have no second factor.
    unlinked = ~func.coalesce(User.linked, false())
    without = select(User).where(User.role.in_(PRIVILEGED), User.disabled_at.is_(None), unlinked)
    return tuple(db.session.scalars(without.order_by(User.email_key).limit(limit)))


def _last_mail_error() -> str | None:
    """Return why no mail leaves: an error that is not about one recipient, and nothing was sent since."""
    sent = OutboxMail.sent_at.is_not(None)
    newest_sent = select(func.max(OutboxMail.created_at)).where(sent).scalar_subquery()
    failing = select(OutboxMail.last_error).where(
        OutboxMail.sent_at.is_(None),
        OutboxMail.next_attempt_at.is_not(None),
        OutboxMail.last_error.is_not(None),
        OutboxMail.recipient_refused.is_(False),
        or_(OutboxMail.created_at > newest_sent, ~exists().where(sent)),
    )
    return db.session.scalar(failing.order_by(OutboxMail.created_at.desc()).limit(1))
