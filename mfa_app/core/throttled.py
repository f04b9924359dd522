"""Who is throttled now, and the administrator's way to let somebody try again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select

from mfa_app.core import permissions, throttle
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.permissions import Permission
from mfa_app.core.throttle import Limit
from mfa_app.extensions import db
from mfa_app.models import Throttle, User

SHOWN = 200
OF_PEOPLE = (throttle.CODE, throttle.LINKING, throttle.PASSWORD_STRANGER, throttle.PASSWORD_KNOWN_BROWSER)


@dataclass(frozen=True)
class Waiting:
    """A person or a network that has to wait until a moment, or (None) until something is done."""

    limit: Limit
    user: User | None
    network: str | None
    failures: int
    until: datetime | None


def everybody(*, now: datetime) -> list[Waiting]:
    """Return who has to wait now, the longest first; two SELECTs, 200 entries at most."""
    blocked = or_(*(_blocked(limit, now) for limit in (*OF_PEOPLE, throttle.ADDRESS)))
    rows = list(
        db.session.scalars(select(Throttle).where(blocked).order_by(Throttle.next_try_at.desc()).limit(SHOWN))
    )
    numbers = {_user_id(row) for row in rows} - {None}
    users = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(numbers)))}
    return [_waiting(row, users) for row in rows]


def let_try_again(user: User, *, actor: Actor) -> bool:
    """Forget the person's failed tries; say whether there were any. An app that was stopped needs a reset.

    Raises NotAllowed.
    """
    permissions.require(actor, Permission.MANAGE_PEOPLE, user)
    own = or_(*(throttle.keys_of(limit, user.id) for limit in OF_PEOPLE))
    forgotten = db.session.execute(delete(Throttle).where(own)).rowcount > 0
    if forgotten:
        record(Event.THROTTLE_CLEARED, actor=actor, subject=user)
    return forgotten


def _blocked(limit: Limit, now: datetime) -> ColumnElement[bool]:
    stopped = Throttle.failures >= limit.stop_at if limit.stop_at else Throttle.next_try_at > now
    return and_(
        Throttle.key.startswith(f"{limit.name}:"),
        Throttle.forget_at > now,
        or_(stopped, Throttle.next_try_at > now),
    )


def _user_id(row: Throttle) -> int | None:
    name, number, *_ = row.key.split(":")
    return int(number) if name != throttle.ADDRESS.name else None


def _waiting(row: Throttle, users: dict[int, User]) -> Waiting:
    name, _, rest = row.key.partition(":")
    limit = next(limit for limit in (*OF_PEOPLE, throttle.ADDRESS) if limit.name == name)
    stopped = limit.stop_at is not None and row.failures >= limit.stop_at
    if limit is throttle.ADDRESS:
        return Waiting(limit, None, rest, row.failures, row.forget_at)
    return Waiting(limit, users.get(_user_id(row)), None, row.failures, None if stopped else row.next_try_at)
