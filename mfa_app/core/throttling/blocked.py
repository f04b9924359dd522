"""Who is blocked right now, and the actions that unblock a user or a network."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, cast, delete, or_, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import ip_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.limits import Limit
from mfa_app.core.throttling.networks import OF_NETWORKS, limit_for
from mfa_app.extensions import db
from mfa_app.models import Throttle, User
from mfa_app.models.column_types import Moment, UtcDateTime
from mfa_app.models.database import rows_changed
from mfa_app.models.throttle import key_begins

SHOWN = 200

OF_USERS = (
    limits.CODE,
    limits.LINKING,
    limits.BREAK_GLASS,
    limits.PASSWORD_UNKNOWN_BROWSER,
    limits.PASSWORD_KNOWN_BROWSER,
    limits.MAIL_TO_USER,
    limits.HELP_REQUESTS,
    limits.EMAIL_CODES,
)

LISTED = {limit.name: limit for limit in (*OF_USERS, *OF_NETWORKS)}

_OUT_OF_USE = User.factors_locked_at.is_not(None)


@dataclass(frozen=True)
class Blocked:
    """A user or a network that is blocked until a time, or (`until` is None) until a reset.

    `stopped`: too many wrong codes have locked the second factors.
    """

    limit: Limit
    user: User | None
    network: str | None
    failures: int
    until: datetime | None
    stopped: bool = False


def list_blocked(*, now: datetime) -> list[Blocked]:
    """Return users whose second factors are locked, then everyone who is blocked, longest first.

    Three SELECTs, and at most 200 entries of each kind.
    """
    blocked = or_(*(_blocked(limit, now) for limit in LISTED.values()))
    rows = list(
        db.session.scalars(select(Throttle).where(blocked).order_by(Throttle.next_try_at.desc()).limit(SHOWN))
    )
    numbers = {_user_id(row) for row in rows} - {None}
    users = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(numbers)))}
    stopped = _locked()
    out_of_use = {f"{limits.CODE.name}:{entry.user.id}" for entry in stopped if entry.user}
    entries = (_entry(row, users) for row in rows if row.key not in out_of_use)
    return stopped + [entry for entry in entries if entry is not None]


def blocks_of(user: User, *, now: datetime) -> list[Blocked]:
    """Return what the user is blocked from now, longest first, by one SELECT.

    Locked second factors are not among it: the row of the user says so.
    """
    rows = db.session.scalars(_of_user(), {"user_id": str(user.id), "now": now})
    entries = (_entry(row, {user.id: user}) for row in rows)
    return [
        entry
        for entry in entries
        if entry is not None and not (entry.limit is limits.CODE and user.factors_locked_at)
    ]


def unblock(user: User, *, actor: Actor) -> bool:
    """Clear the user's counters of failed attempts. Return False if there were none.

    The counter of locked second factors stays, because only a reset unlocks them. Raises SessionEnded, and
    NotAllowed: the help desk lets only those try again whom it may act on.
    """
    begin_change(actor, Permission.LET_TRY_AGAIN, user)
    cleared = set(OF_USERS) - {limits.CODE} if user.factors_locked_at else OF_USERS
    own = or_(*(counters.keys_of(limit, user.id) for limit in cleared))
    forgotten = rows_changed(delete(Throttle).where(own)) > 0
    if forgotten:
        record(Event.THROTTLE_CLEARED, actor=actor, subject=user)
    return forgotten


def unblock_network(ip_address: str, *, actor: Actor) -> bool:
    """Clear the counters of an IP address (IPv6: of its /64 network). Return False if there were none.

    Everyone there starts again; the counters of people stay. Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    network = ip_addresses.network_of(ip_address)
    own = Throttle.key.in_(f"{limit.name}:{network}" for limit in OF_NETWORKS)
    forgotten = rows_changed(delete(Throttle).where(own)) > 0
    if forgotten:
        record(Event.NETWORK_CLEARED, actor=actor, network=network)
    return forgotten


def _locked() -> list[Blocked]:
    counter = Throttle.key == f"{limits.CODE.name}:" + cast(User.id, String)
    statement = (
        select(User, Throttle.failures)
        .outerjoin(Throttle, counter)
        .where(_OUT_OF_USE)
        .order_by(User.factors_locked_at.desc())
        .limit(SHOWN)
    )
    return [
        Blocked(limits.CODE, user, None, failures or 0, None, stopped=True)
        for user, failures in db.session.execute(statement)
    ]


@cache
def _of_user() -> Select[Throttle]:
    """Return the SELECT of the counters of one user that let them not try now."""
    user_id, now = bindparam("user_id", type_=String), bindparam("now", type_=UtcDateTime)
    own = or_(*(and_(counters.keys_of(limit, user_id), _full(limit, now)) for limit in OF_USERS))
    return select(Throttle).where(own).order_by(Throttle.next_try_at.desc())


def _blocked(limit: Limit, now: datetime) -> ColumnElement[bool]:
    return and_(key_begins(f"{limit.name}:"), _full(limit, now))


def _full(limit: Limit, now: Moment) -> ColumnElement[bool]:
    """Return the condition that a counter of this limit lets nobody try now."""
    stopped = Throttle.failures >= limit.lockout_after if limit.lockout_after else Throttle.next_try_at > now
    return and_(Throttle.forget_at > now, or_(stopped, Throttle.next_try_at > now))


def _user_id(row: Throttle) -> int | None:
    name, number, *_ = row.key.split(":")
    return int(number) if LISTED[name] in OF_USERS else None


def _entry(row: Throttle, users: dict[int, User]) -> Blocked | None:
    """Return the entry for a counter, or None if it is of a known network and not full there."""
    name, _, rest = row.key.partition(":")
    limit, user_id = LISTED[name], _user_id(row)
    most = (limit if user_id else limit_for(limit, rest)).lockout_after
    stopped = most is not None and row.failures >= most
    if user_id is None:
        return Blocked(limit, None, rest, row.failures, row.forget_at) if stopped else None
    until = row.forget_at if limit.fixed_window else None if stopped else row.next_try_at
    return Blocked(limit, users.get(user_id), None, row.failures, until)
