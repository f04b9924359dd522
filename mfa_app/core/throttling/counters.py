"""The one counter behind all limits: charge, then verify, then reset after a success."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, literal, or_, select, update

from mfa_app.core.common.errors import Refusal, Throttled
from mfa_app.core.throttling.counter_statements import EPOCH, charging, clearing, values_of
from mfa_app.core.throttling.limits import MAX_UNKNOWN_USER_COUNTERS, PASSWORD_UNKNOWN_USER, Limit
from mfa_app.extensions import db
from mfa_app.models import Throttle
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.connections import defer_flush
from mfa_app.models.database import execute
from mfa_app.models.throttle import key_begins

ALL = 10**9  # attempts: more than any counter holds


@dataclass(frozen=True)
class Charge:
    """An attempt that has been counted as failed before it is checked."""

    limit: Limit
    key: str
    failures: int


def charge(limit: Limit, key: object, *, now: datetime, flush: bool = True) -> Charge:
    """Count an attempt as failed and commit, so that neither a crash nor a race can undo it.

    Without `flush` the disk gets it with the next commit, which must come before anyone learns how the
    attempt has ended. Only an attempt that a power cut leaves without an answer is then not counted.

    Raises Throttled, or the limit's own error once it is locked. The attempt must then not be checked.
    """
    return charge_all((limit, key), now=now, flush=flush)[0]


def charge_all(*counted: tuple[Limit, object], now: datetime, flush: bool = True) -> list[Charge]:
    """Count one attempt under several limits, each with its key, by one statement; commit.

    The first limit that refuses decides what is raised, as in `charge`, and those after it count nothing.
    Give them in the order of their keys: everyone then locks the rows in one order.
    """
    names = [f"{limit.name}:{key}" for limit, key in counted]
    limits = tuple(limit for limit, _key in counted)
    values: dict[str, object] = {"now": now}
    for number, (limit, name) in enumerate(zip(limits, names, strict=True)):
        values |= values_of(number, limit, name, now)
    if not flush:
        defer_flush(db.session.connection())
    statement = charging(limits, db.session.get_bind().dialect.name, flush)
    failures: dict[str, int] = {row.key: row.failures for row in execute(statement, **values)}
    refused = next((number for number, name in enumerate(names) if name not in failures), None)
    if refused is not None and any(name in failures for name in names[refused + 1 :]):
        db.session.rollback()
        if refused:
            charge_all(*counted[:refused], now=now, flush=flush)
    db.session.commit()
    if refused is not None:
        raise _refusal(limits[refused], names[refused], now)
    return [Charge(limit, name, failures[name]) for limit, name in zip(limits, names, strict=True)]


def reset_after_success(*charges: Charge, own_failures: int = 0) -> None:
    """Undo charges after a success, if possible by one statement: clear their counters.

    In a window take back this one attempt; in a shared counter this one and `own_failures` before it.
    """
    taken = {charged: _attempts_of(charged.limit, own_failures) for charged in charges}
    values: dict[str, object] = {}
    for number, (charged, attempts) in enumerate(taken.items()):
        values |= {f"key{number}": charged.key, f"attempts{number}": attempts}
    cleared = set(execute(clearing(len(charges)), **values).scalars()) if charges else set()
    for charged, attempts in taken.items():
        if charged.key not in cleared and attempts < ALL:
            _take_back(charged, attempts)


def _attempts_of(limit: Limit, own_failures: int) -> int:
    """Return how many attempts a success takes out of a counter."""
    if limit.fixed_window:
        return 1
    return 1 + own_failures if limit.shared else ALL


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
    """Return the condition for a key's counters: its own, and those of the browsers under it.

    In a statement that is built once, the key is a parameter that is a text.
    """
    name = f"{limit.name}:" + (key if isinstance(key, ColumnElement) else str(key))
    return or_(Throttle.key == name, key_begins(name + ":"))


def evict_oldest() -> None:
    """Delete the oldest counters of unknown users once there are more than 100,000."""
    nobody = key_begins(f"{PASSWORD_UNKNOWN_USER.name}:")
    newest_first = select(Throttle.forget_at).where(nobody).order_by(Throttle.forget_at.desc())
    last = db.session.scalar(newest_first.offset(MAX_UNKNOWN_USER_COUNTERS).limit(1))
    if last is not None:
        db.session.execute(delete(Throttle).where(nobody, Throttle.forget_at <= last))


def _refusal(limit: Limit, name: str, now: datetime) -> Refusal:
    row = db.session.scalar(
        select(Throttle).where(Throttle.key == name).execution_options(populate_existing=True)
    )
    if row is None:
        return Throttled(now + timedelta(seconds=1))
    if limit.lockout_after is not None and row.failures >= limit.lockout_after:
        return limit.lockout_error() if limit.lockout_error else Throttled(row.forget_at)
    return Throttled(row.next_try_at)
