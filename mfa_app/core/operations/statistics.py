"""Site statistics: the few numbers that show an administrator whether something needs attention."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, exists, false, func, or_, select, true

from mfa_app.core.mail import outbox
from mfa_app.core.policy.crowd import people_and_linked
from mfa_app.core.rollout import board
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import (
    PRIVILEGED,
    OutboxMail,
    Throttle,
    User,
)
from mfa_app.models.database import execute
from mfa_app.models.throttle import key_begins

MAX_NAMED = 10


@dataclass(frozen=True)
class SiteStatistics:
    """Numbers about enabled accounts and about mail.

    `must_link`: as the board of the roll-out counts them. `stopped`: locked second factors, which need the
    help desk. `accounts_locked`: by their owners. `waiting`: blocked for a while after wrong codes.
    `mails_failed`: failed for good. `mail_error`: why no mail leaves at all, else None.
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
    """Return the numbers, using four SELECTs, whatever the number of users."""
    return SiteStatistics(
        **execute(_NUMBERS, now=now).mappings().one(),
        must_link=board.to_link(None, now=now),
        without_app=privileged_without_app(limit=MAX_NAMED),
    )


def privileged_without_app(*, limit: int | None = None) -> tuple[User, ...]:
    """Return the enabled administrators and help desk staff without a second factor, by email address."""
    return tuple(db.session.scalars(_WITHOUT_APP if limit is None else _WITHOUT_APP.limit(limit)))


# An expression, so that the few with a role are read and not, by an index, all who have no second factor.
_UNLINKED = ~func.coalesce(User.linked, false())

_WITHOUT_APP = (
    select(User)
    .where(User.role.in_(PRIVILEGED), User.disabled_at.is_(None), _UNLINKED)
    .order_by(User.email_key)
)

_ENABLED = select(func.count(User.id)).where(User.disabled_at.is_(None))

_WAITING = select(func.count(Throttle.key)).where(
    key_begins(f"{limits.CODE.name}:"),
    Throttle.next_try_at > bindparam("now"),
    Throttle.failures < limits.CODE.lockout_after,
)

_UNSENT = select(
    func.count(OutboxMail.next_attempt_at).label("mails_waiting"),
    func.count(OutboxMail.id).filter(OutboxMail.next_attempt_at.is_(None)).label("mails_failed"),
).where(OutboxMail.sent_at.is_(None))

# Why no mail leaves: an error that is not about one recipient, and nothing was sent since.
_MAIL_ERROR = (
    select(OutboxMail.last_error)
    .where(
        OutboxMail.sent_at.is_(None),
        OutboxMail.next_attempt_at.is_not(None),
        OutboxMail.last_error.is_not(None),
        OutboxMail.recipient_refused.is_(False),
        or_(OutboxMail.created_at > outbox.NEWEST_SENT, ~exists().where(outbox.SENT)),
    )
    .order_by(OutboxMail.created_at.desc())
    .limit(1)
)


def _numbers() -> Select[Any]:
    """Return the SELECT of all numbers that are one row, by the names that `SiteStatistics` has for them."""
    people, unsent = people_and_linked().subquery(), _UNSENT.subquery()
    return select(
        people,
        unsent,
        _ENABLED.where(User.factors_locked_at.is_not(None)).scalar_subquery().label("stopped"),
        _ENABLED.where(User.account_locked_at.is_not(None)).scalar_subquery().label("accounts_locked"),
        _WAITING.scalar_subquery().label("waiting"),
        _MAIL_ERROR.scalar_subquery().label("mail_error"),
    ).select_from(people.join(unsent, true()))


_NUMBERS = _numbers()
