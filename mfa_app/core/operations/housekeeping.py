"""What is deleted, and when: the rows that each table's fate lets expire, and sessions left unused.

The end of a session, a remembered device or a one-time link is on the trail, like any other end of access.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select

from mfa_app.core.audit.events import EndReason, record
from mfa_app.core.common.actor import SITE
from mfa_app.core.sessions.revocation import COUNTED
from mfa_app.core.sessions.sessions import IDLE_TIMEOUT
from mfa_app.core.throttling import counters
from mfa_app.extensions import db
from mfa_app.models import TABLES, AuthSession, OutboxMail, User
from mfa_app.models.database import rows_changed
from mfa_app.models.fate import Table
from mfa_app.models.outbox import FAILED_MAILS_KEPT

EXPIRING = tuple(model for model in TABLES if model.fate.expires)

BATCH = 500  # ends in one transaction


def purge_expired(*, now: datetime) -> int:
    """Delete what has expired in each table whose fate names a time, and sessions left unused; commit.

    Return how many rows there were. The audit trail only grows.
    """
    count = 0
    for model in EXPIRING:
        if model in COUNTED:
            count += sum(_end(model, now))
        else:
            count += rows_changed(delete(model).where(_over(model, now)))
    counters.evict_oldest()
    db.session.commit()
    return count


def _over(model: type[Table], now: datetime) -> ColumnElement[bool]:
    expired: ColumnElement[bool] = _column(model, str(model.fate.expires)) <= now - model.fate.kept_for
    if model is AuthSession:
        return or_(expired, AuthSession.last_seen_at <= now - IDLE_TIMEOUT)
    return or_(expired, _given_up_long_ago(now)) if model is OutboxMail else expired


def _given_up_long_ago(now: datetime) -> ColumnElement[bool]:
    """Return the condition for emails that nobody will get: what is in them is not kept for ever."""
    unsent = OutboxMail.sent_at.is_(None), OutboxMail.next_attempt_at.is_(None)
    return and_(*unsent, OutboxMail.created_at <= now - FAILED_MAILS_KEPT)


def _end(model: type[Table], now: datetime) -> Iterator[int]:
    """Delete rows that give access, and record the ends by user; commit each batch. Yield their numbers."""
    key, over = _column(model, "id"), _over(model, now)
    batch = delete(model).where(over, key.in_(select(key).where(over).limit(BATCH)))
    columns = (_column(model, name) for name in ("user_id", "security_stamp", str(model.fate.expires)))
    statement = batch.returning(*columns).execution_options(synchronize_session=False)
    while ended := db.session.execute(statement).all():
        _record_ends(model, [tuple(row) for row in ended], now)
        db.session.commit()
        yield len(ended)


def _record_ends(model: type[Table], ended: list[tuple[Any, ...]], now: datetime) -> None:
    """Record the ends, without those of rows that a revocation had already made worthless."""
    users = {
        user.id: user for user in db.session.scalars(select(User).where(User.id.in_({e[0] for e in ended})))
    }
    alive = [
        (user_id, EndReason.EXPIRED if expires_at <= now else EndReason.IDLE)
        for user_id, security_stamp, expires_at in ended
        if user_id is None or users[user_id].security_stamp == security_stamp
    ]
    for (user_id, because), count in Counter(alive).items():
        record(COUNTED[model], actor=SITE, subject=users.get(user_id), count=count, because=because)


def _column(model: type[Table], name: str) -> Any:
    return getattr(model, name)
