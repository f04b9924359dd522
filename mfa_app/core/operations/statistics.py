"""Site statistics: the few numbers that show an administrator whether something needs attention."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select

from mfa_app.core.policy import conditions
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import PRIVILEGED, Authenticator, OutboxMail, Throttle, User

MAX_NAMED = 10


@dataclass(frozen=True)
class SiteStatistics:
    """Numbers about enabled accounts and about mail.

    `must_link`: need an authenticator, now or when every date and grace is over, and have none. `stopped`:
    locked authenticators, which need the help desk. `waiting`: blocked for a while after wrong codes.
    `mails_failed`: given up after three days. `mail_error`: why no mail leaves at all, else None.
    `without_app`: the first administrators and help desk staff, by email address, who haven't linked an app.
    """

    people: int
    linked: int
    must_link: int
    stopped: int
    waiting: int
    mails_waiting: int
    mails_failed: int
    mail_error: str | None
    without_app: tuple[User, ...]


def site_statistics(*, now: datetime) -> SiteStatistics:
    """Count everything with five SELECTs, whatever the number of users."""
    people = (
        select(
            func.count(User.id).label("people"),
            func.count(Authenticator.id).label("linked"),
            func.count(User.id)
            .filter(Authenticator.id.is_(None), conditions.required_of_user(now))
            .label("must_link"),
            func.count(Authenticator.locked_at).label("stopped"),
        )
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .where(User.disabled_at.is_(None))
    )
    waiting = select(func.count(Throttle.key)).where(
        Throttle.key.startswith(f"{limits.CODE.name}:"),
        Throttle.next_try_at > now,
        Throttle.failures < limits.CODE.lockout_after,
    )
    mails = select(
        func.count(OutboxMail.next_attempt_at).label("waiting"),
        func.count(OutboxMail.id).filter(OutboxMail.next_attempt_at.is_(None)).label("failed"),
    ).where(OutboxMail.sent_at.is_(None))
    users, unsent = db.session.execute(people).one(), db.session.execute(mails).one()
    return SiteStatistics(
        people=users.people,
        linked=users.linked,
        must_link=users.must_link,
        stopped=users.stopped,
        waiting=db.session.scalars(waiting).one(),
        mails_waiting=unsent.waiting,
        mails_failed=unsent.failed,
        mail_error=_last_mail_error(),
        without_app=privileged_without_app(limit=MAX_NAMED),
    )


def privileged_without_app(*, limit: int | None = None) -> tuple[User, ...]:
    """Return the enabled administrators and help desk staff without an authenticator, by email address."""
    without = (
        select(User)
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .where(User.role.in_(PRIVILEGED), User.disabled_at.is_(None), Authenticator.id.is_(None))
    )
    return tuple(db.session.scalars(without.order_by(User.email_key).limit(limit)))


def _last_mail_error() -> str | None:
    """Return why no mail leaves: an error that is not about one recipient, and nothing was sent since."""
    sent = OutboxMail.sent_at.is_not(None)
    newest_sent = select(func.max(OutboxMail.created_at)).where(sent).scalar_subquery()
    failing = select(OutboxMail.last_error).where(
        OutboxMail.next_attempt_at.is_not(None),
        OutboxMail.last_error.is_not(None),
        OutboxMail.recipient_refused.is_(False),
        or_(OutboxMail.created_at > newest_sent, ~exists().where(sent)),
    )
    return db.session.scalar(failing.order_by(OutboxMail.created_at.desc()).limit(1))
