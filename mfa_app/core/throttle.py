"""Too many tries? The table of limits, and the one counter that answers for all of them."""

import ipaddress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, literal, or_, select, update

from mfa_app.core.clock import CLOCK_SKEW
from mfa_app.core.errors import AuthenticatorStopped, PasswordClosed, Refusal, Throttled
from mfa_app.extensions import db
from mfa_app.models import Throttle
from mfa_app.models.database import dialect_insert
from mfa_app.models.types import UtcDateTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    """So many free tries; then a wait that doubles with each failure up to a longest one; then the end.

    A `window` limit has no waits: its count begins anew when the window since its first try is over.
    """

    name: str
    free: int
    first_wait: timedelta = timedelta(0)
    longest_wait: timedelta = timedelta(0)
    stop_at: int | None = None
    stopped: type[Refusal] | None = None
    remembered: timedelta = timedelta(days=3650)
    window: bool = False

    def wait_after(self, failures: int) -> timedelta:
        """Return how long the next try has to wait after so many failures in a row."""
        if failures < self.free:
            return timedelta(0)
        doublings = min(failures - self.free, 20)
        return min(self.first_wait * 2**doublings, self.longest_wait)


# NIST SP 800-63B-4, section 3.2.2 allows 100 failures in a row; the code stops at half of that. It can be
# reached with the right password only, so stopping it locks nobody out on a stranger's whim.
CODE = Limit("code", 5, timedelta(seconds=30), timedelta(hours=1), stop_at=50, stopped=AuthenticatorStopped)
# A code that fails to link an app guards nothing yet; the limit keeps the page from being a toy.
LINKING = Limit("linking", 10, timedelta(seconds=30), timedelta(minutes=15), remembered=timedelta(days=1))
# Passwords from browsers in which the owner has not been let in. Strangers share this counter, and filling it
# must not shut out the owner: a browser that is known counts by itself, and has an end too.
PASSWORD_STRANGER = Limit(
    "password", 5, timedelta(seconds=5), timedelta(minutes=15), stop_at=100, stopped=PasswordClosed
)
PASSWORD_KNOWN_BROWSER = replace(PASSWORD_STRANGER, name="known")
# An address of nobody is counted like somebody's and as long, or waiting would tell the two apart; so that
# made-up addresses cannot fill the disk, only the latest of these counters are kept.
PASSWORD_NOBODY = replace(PASSWORD_STRANGER, name="nobody")
NOBODIES_KEPT = 100_000
ADDRESS = Limit("address", 30, stop_at=30, remembered=timedelta(minutes=10), window=True)
RESET_REQUESTS = Limit("reset", 10, stop_at=10, remembered=timedelta(minutes=10), window=True)
MAIL_TO_PERSON = Limit("mail", 3, stop_at=3, remembered=timedelta(hours=1), window=True)

# What is written on the trail is never taken off: a refused page may write no more than one row a minute on
# the average, yet a burst, as of somebody who looks what opens, is told row by row.
REFUSED_PAGES = Limit("refused", 60, stop_at=60, remembered=timedelta(hours=1), window=True)
# Refuses nothing: one row that is charged where a request for an unknown address must cost a commit.
UNKNOWN_RESETS = Limit("unknown", 1, remembered=timedelta(hours=1), window=True)


@dataclass(frozen=True)
class Charge:
    """A try that has been counted as failed, before anybody has looked at it."""

    limit: Limit
    key: str
    failures: int


def charge(limit: Limit, key: object, *, now: datetime) -> Charge:
    """Count a try as failed and commit, so that neither a crash nor a race gives it back.

    Raises Throttled, or what the limit says at its end; then the try must not be looked at.
    """
    name = f"{limit.name}:{key}"
    statement = dialect_insert(Throttle).values(
        key=name, failures=1, next_try_at=_after(limit, 1, now), forget_at=now + limit.remembered
    )
    forgotten = _forgotten(limit, now)
    stop = limit.stop_at or 10**9
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


def refund(charged: Charge) -> None:
    """Take the charge back after a success: all failures in a row, or in a window just this one try."""
    if charged.limit.window:
        one_less = update(Throttle).where(Throttle.key == charged.key, Throttle.failures > 0)
        db.session.execute(one_less.values(failures=Throttle.failures - 1))
    else:
        db.session.execute(delete(Throttle).where(Throttle.key == charged.key))


def give_back(*charges: Charge) -> None:
    """Take back tries that nobody came to look at, with the waits that they began, and commit."""
    for charged in charges:
        same = Throttle.key == charged.key
        latest = Throttle.failures == charged.failures  # else the wait is somebody's who came after
        before = {
            "failures": Throttle.failures - 1,
            "next_try_at": case((latest, literal(EPOCH, UtcDateTime())), else_=Throttle.next_try_at),
        }
        db.session.execute(update(Throttle).where(same, Throttle.failures > 0).values(before))
        db.session.execute(delete(Throttle).where(same, Throttle.failures == 0))
    db.session.commit()


def clear(limit: Limit, key: object) -> None:
    """Forget all failures under this key, and under those that begin with it."""
    db.session.execute(delete(Throttle).where(keys_of(limit, key)))


def keys_of(limit: Limit, key: object) -> ColumnElement[bool]:
    """Return the condition for the counters of a key: its own, and those of the browsers under it."""
    name = f"{limit.name}:{key}"
    return or_(Throttle.key == name, Throttle.key.startswith(f"{name}:"))


def make_room() -> None:
    """Forget the oldest counters of addresses of nobody once there are too many."""
    nobody = Throttle.key.startswith(f"{PASSWORD_NOBODY.name}:")
    newest_first = select(Throttle.forget_at).where(nobody).order_by(Throttle.forget_at.desc())
    last = db.session.scalar(newest_first.offset(NOBODIES_KEPT).limit(1))
    if last is not None:
        db.session.execute(delete(Throttle).where(nobody, Throttle.forget_at <= last))


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        parsed = parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address
    return str(parsed)


def _forgotten(limit: Limit, now: datetime) -> ColumnElement[bool]:
    """Say whether the count begins anew; a window that ends too late comes from a clock that was set back."""
    over, latest = Throttle.forget_at <= now, now + limit.remembered + CLOCK_SKEW
    return or_(over, Throttle.forget_at > latest) if limit.window else over


def _waited(limit: Limit, now: datetime) -> ColumnElement[bool]:
    """Say whether the wait is over; one longer than the longest comes from a clock that was set back.

    Requests overtake each other by less than CLOCK_SKEW; that is no clock set back, and opens nothing.
    """
    return or_(Throttle.next_try_at <= now, Throttle.next_try_at > now + limit.longest_wait + CLOCK_SKEW)


def _after(limit: Limit, failures: int, now: datetime) -> datetime:
    """Return when the next try is allowed; a free one waits for nothing, not even for a clock set back."""
    wait = limit.wait_after(failures)
    return now + wait if wait else EPOCH


def _next_try(limit: Limit, forgotten: ColumnElement[bool], now: datetime) -> ColumnElement:
    """Return the moment of the next try as an SQL expression on the count before this failure."""

    def after(failures: int) -> ColumnElement:
        return literal(_after(limit, failures, now), UtcDateTime())

    branches = [(forgotten, after(1)), (Throttle.failures < limit.free - 1, after(1))]
    before = limit.free - 1
    while limit.wait_after(before + 1) < limit.longest_wait:
        branches.append((Throttle.failures == before, after(before + 1)))
        before += 1
    return case(*branches, else_=after(before + 1))


def _forget_at(limit: Limit, forgotten: ColumnElement[bool], now: datetime) -> ColumnElement:
    later = literal(now + limit.remembered, UtcDateTime())
    return case((forgotten, later), else_=Throttle.forget_at) if limit.window else later


def _refusal(limit: Limit, name: str, now: datetime) -> Refusal:
    row = db.session.scalar(
        select(Throttle).where(Throttle.key == name).execution_options(populate_existing=True)
    )
    if row is None:
        return Throttled(now + timedelta(seconds=1))
    if limit.stop_at is not None and row.failures >= limit.stop_at:
        return limit.stopped() if limit.stopped else Throttled(row.forget_at)
    return Throttled(row.next_try_at)
