"""The one counter behind all limits: charge, then verify, then reset after a success."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, literal, or_, select, update

from mfa_app.core.common.clock import CLOCK_SKEW
from mfa_app.core.common.errors import Refusal, Throttled
from mfa_app.core.throttling.limits import MAX_UNKNOWN_USER_COUNTERS, PASSWORD_UNKNOWN_USER, Limit
from mfa_app.extensions import db
from mfa_app.models import Throttle
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.database import dialect_insert

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Charge:
    """An attempt that has been counted as failed before it is checked."""

    limit: Limit
    key: str
    failures: int


def charge(limit: Limit, key: object, *, now: datetime) -> Charge:
    """Count an attempt as failed and commit, so that neither a crash nor a race can undo it.

    Raises Throttled, or the limit's own error once it is locked. The attempt must then not be checked.
    """
    name = f"{limit.name}:{key}"
    statement = dialect_insert(Throttle).values(
        key=name, failures=1, next_try_at=_after(limit, 1, now), forget_at=now + limit.ttl
    )
    forgotten = _forgotten(limit, now)
    stop = limit.lockout_after or 10**9
    statement = statement.on_conflict_do_update(
        index_elements=[Throttle.key],
        set_={
            "failures": case((forgotten, 1), else_=Throttle.failures + 1),
            "next_try_at": _next_try(limit, forgotten, now),
            "forget_at": _forget_at(limit, forgotten, now),
        },
        where=or_(forgotten, and_(_waited(limit, now), Throttle.failures < stop)),
    ).returning(Throttle.failures)
    failures = db.session.scalar(statement)
    db.session.commit()
    if failures is None:
        raise _refusal(limit, name, now)
    return Charge(limit, name, failures)


def reset_after_success(charged: Charge, *, own_failures: int = 0) -> None:
    """Undo a charge after a success: clear the counter.

    In a window take back this one attempt; in a shared counter this one and `own_failures` before it.
    """
    if charged.limit.fixed_window:
        _take_back(charged, 1)
    elif charged.limit.shared:
        _take_back(charged, 1 + own_failures)
    else:
        db.session.execute(delete(Throttle).where(Throttle.key == charged.key))


def undo(*charges: Charge) -> None:
    """Undo charges whose attempts were never checked, with the delays that they started; commit."""
    for charged in charges:
        _take_back(charged, 1)
    db.session.commit()


def _take_back(charged: Charge, attempts: int) -> None:
    """Take attempts out of a counter, the latest with the delay that it started."""
    same = Throttle.key == charged.key
    latest = Throttle.failures == charged.failures  # else a later attempt started the delay
    before = {
        "failures": case((Throttle.failures > attempts, Throttle.failures - attempts), else_=0),
        "next_try_at": case((latest, literal(EPOCH, UtcDateTime())), else_=Throttle.next_try_at),
    }
    db.session.execute(update(Throttle).where(same).values(before))
    db.session.execute(delete(Throttle).where(same, Throttle.failures == 0))


def clear(limit: Limit, key: object) -> None:
    """Clear the counter of this key, and those of its sub-keys."""
    db.session.execute(delete(Throttle).where(keys_of(limit, key)))


def keys_of(limit: Limit, key: object) -> ColumnElement[bool]:
    """Return the condition for a key's counters: its own, and those of the browsers under it."""
    name = f"{limit.name}:{key}"
    return or_(Throttle.key == name, Throttle.key.startswith(f"{name}:"))


def evict_oldest() -> None:
    """Delete the oldest counters of unknown users once there are more than 100,000."""
    nobody = Throttle.key.startswith(f"{PASSWORD_UNKNOWN_USER.name}:")
    newest_first = select(Throttle.forget_at).where(nobody).order_by(Throttle.forget_at.desc())
    last = db.session.scalar(newest_first.offset(MAX_UNKNOWN_USER_COUNTERS).limit(1))
    if last is not None:
        db.session.execute(delete(Throttle).where(nobody, Throttle.forget_at <= last))


def _forgotten(limit: Limit, now: datetime) -> ColumnElement[bool]:
    """Return the condition that counting starts again.

    A window that ends too far in the future was written by a clock that has since been set back.
    """
    over, latest = Throttle.forget_at <= now, now + limit.ttl + CLOCK_SKEW
    return or_(over, Throttle.forget_at > latest) if limit.fixed_window else over


def _waited(limit: Limit, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the delay is over.

    A delay longer than the maximum was written by a clock that has since been set back. Concurrent requests
    differ by less than CLOCK_SKEW, so they don't count as that.
    """
    return or_(Throttle.next_try_at <= now, Throttle.next_try_at > now + limit.max_delay + CLOCK_SKEW)


def _after(limit: Limit, failures: int, now: datetime) -> datetime:
    """Return when the next attempt is allowed. A free one never waits, even if the clock was set back."""
    wait = limit.wait_after(failures)
    return now + wait if wait else EPOCH


def _next_try(limit: Limit, forgotten: ColumnElement[bool], now: datetime) -> ColumnElement[Any]:
    """Return the time of the next attempt as an SQL expression on the count before this failure."""

    def after(failures: int) -> ColumnElement[Any]:
        return literal(_after(limit, failures, now), UtcDateTime())

    branches = [(forgotten, after(1)), (Throttle.failures < limit.free_attempts - 1, after(1))]
    before = limit.free_attempts - 1
    while limit.wait_after(before + 1) < limit.max_delay:
        branches.append((Throttle.failures == before, after(before + 1)))
        before += 1
    return case(*branches, else_=after(before + 1))


def _forget_at(limit: Limit, forgotten: ColumnElement[bool], now: datetime) -> ColumnElement[Any]:
    later = literal(now + limit.ttl, UtcDateTime())
    return case((forgotten, later), else_=Throttle.forget_at) if limit.fixed_window else later


def _refusal(limit: Limit, name: str, now: datetime) -> Refusal:
    row = db.session.scalar(
        select(Throttle).where(Throttle.key == name).execution_options(populate_existing=True)
    )
    if row is None:
        return Throttled(now + timedelta(seconds=1))
    if limit.lockout_after is not None and row.failures >= limit.lockout_after:
        return limit.lockout_error() if limit.lockout_error else Throttled(row.forget_at)
    return Throttled(row.next_try_at)
