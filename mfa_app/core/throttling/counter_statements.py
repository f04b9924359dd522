"""The statements of the counters. They are long, so each is built once and gets the moment as parameters."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Insert,
    String,
    and_,
    bindparam,
    case,
    delete,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.dml import ReturningDelete

from mfa_app.core.common.clock import CLOCK_SKEW
from mfa_app.core.throttling.limits import Limit
from mfa_app.models import Throttle
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.connections import FLUSHED_LATER
from mfa_app.models.database import dialect_insert, table_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COUNTERS = table_of(Throttle)

_row = _COUNTERS.c


@cache
def clearing(count: int) -> ReturningDelete[Any]:
    """Return the DELETE of so many counters that hold no more than the attempts that are taken back.

    Before it deletes one it locks those before it in the order of `charge_all`, also those that stay: the
    caller writes to them next, and a concurrent login of the same user must not wait the other way round.
    """
    nothing_left = or_(
        *(
            and_(_row.key == bindparam(f"key{number}"), _row.failures <= bindparam(f"attempts{number}"))
            for number in range(count)
        )
    )
    charged = _row.key.in_([bindparam(f"key{number}") for number in range(count)])
    locked = select(_row.key).where(charged).order_by(_row.key).with_for_update()
    return delete(_COUNTERS).where(_row.key.in_(locked), nothing_left).returning(_row.key)


@cache
def charging(limits: tuple[Limit, ...], dialect: str, flush: bool) -> Insert:
    """Return the statement that counts an attempt under these limits; see `values_of`."""
    numbered = list(enumerate(limits))
    rows = union_all(
        *(
            select(
                bindparam(f"key{number}", type_=String()),
                literal(1),
                _moment(f"after{number}_1"),
                _moment(f"forget_at{number}"),
            ).where(true())
            for number, _limit in numbered
        )
    )
    of_key = {number: _row.key == bindparam(f"key{number}") for number, _limit in numbered}

    def by_key(expression: Callable[[int, Limit], ColumnElement[Any]]) -> ColumnElement[Any]:
        return case(*((of_key[number], expression(number, limit)) for number, limit in numbered))

    statement = dialect_insert(_COUNTERS).from_select(["key", "failures", "next_try_at", "forget_at"], rows)
    counted = statement.on_conflict_do_update(
        index_elements=[_row.key],
        set_={
            "failures": by_key(lambda n, limit: case((_forgotten(n, limit), 1), else_=_row.failures + 1)),
            "next_try_at": by_key(_next_try),
            "forget_at": by_key(_forget_at),
        },
        where=or_(*(and_(of_key[number], _is_open(number, limit)) for number, limit in numbered)),
    )
    later = () if flush or dialect != "postgresql" else (FLUSHED_LATER,)
    complete: Insert = counted.returning(_row.key, _row.failures, *later)
    return complete


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime())


def values_of(number: int, limit: Limit, name: str, now: datetime) -> dict[str, object]:
    """Return the values of the parameters of one limit."""
    return {
        f"key{number}": name,
        f"forget_at{number}": now + limit.ttl,
        f"last_forget_at{number}": now + limit.ttl + CLOCK_SKEW,
        f"last_try_at{number}": now + limit.max_delay + CLOCK_SKEW,
        **{f"after{number}_{failures}": _after(limit, failures, now) for failures in _steps(limit)},
    }


def _is_open(number: int, limit: Limit) -> ColumnElement[bool]:
    """Return the condition that an attempt is allowed."""
    stop = limit.lockout_after or 10**9
    return or_(_forgotten(number, limit), and_(_waited(number), _row.failures < stop))


def _forgotten(number: int, limit: Limit) -> ColumnElement[bool]:
    """Return the condition that counting starts again.

    A window that ends too far in the future was written by a clock that has since been set back.
    """
    over = _row.forget_at <= _moment("now")
    return or_(over, _row.forget_at > _moment(f"last_forget_at{number}")) if limit.fixed_window else over


def _waited(number: int) -> ColumnElement[bool]:
    """Return the condition that the delay is over.

    A delay longer than the maximum was written by a clock that has since been set back. Concurrent requests
    differ by less than CLOCK_SKEW, so they don't count as that.
    """
    return or_(_row.next_try_at <= _moment("now"), _row.next_try_at > _moment(f"last_try_at{number}"))


def _after(limit: Limit, failures: int, now: datetime) -> datetime:
    """Return when the next attempt is allowed. A free one never waits, even if the clock was set back."""
    wait = limit.wait_after(failures)
    return now + wait if wait else EPOCH


@cache
def _steps(limit: Limit) -> tuple[int, ...]:
    """Return the numbers of failures at which the delay changes: the first, and each until it is longest."""
    steps = [1, limit.free_attempts]
    while limit.wait_after(steps[-1]) < limit.max_delay:
        steps.append(steps[-1] + 1)
    return tuple(steps)


def _next_try(number: int, limit: Limit) -> ColumnElement[Any]:
    """Return the time of the next attempt as an SQL expression on the count before this failure."""

    def after(failures: int) -> ColumnElement[Any]:
        return _moment(f"after{number}_{failures}")

    first, *later = _steps(limit)
    free: list[tuple[ColumnElement[bool], Any]] = [
        (_forgotten(number, limit), after(first)),
        (_row.failures < limit.free_attempts - 1, after(first)),
    ]
    delayed = [(_row.failures == failures - 1, after(failures)) for failures in later[:-1]]
    return case(*free, *delayed, else_=after(later[-1]))


def _forget_at(number: int, limit: Limit) -> ColumnElement[Any]:
    later = _moment(f"forget_at{number}")
    return case((_forgotten(number, limit), later), else_=_row.forget_at) if limit.fixed_window else later
