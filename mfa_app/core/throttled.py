"""Who is throttled now, and the administrator's way to let somebody try again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, delete, or_, select

from mfa_app.core import permissions, throttle
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.permissions import Permission
from mfa_app.core.throttle import Limit
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Throttle, User

SHOWN = 200
OF_PEOPLE = (throttle.CODE, throttle.LINKING, throttle.PASSWORD_STRANGER, throttle.PASSWORD_KNOWN_BROWSER)
_OUT_OF_USE = Authenticator.stopped_at.is_not(None)


@dataclass(frozen=True)
class Waiting:
    """A person or a network that has to wait until a moment, or (None) until something is done.

    Where `stopped`, that is a reset: too many wrong codes have put the app out of use.
    """

    limit: Limit
    user: User | None
    network: str | None
    failures: int
    until: datetime | None
    stopped: bool = False


def everybody(*, now: datetime) -> list[Waiting]:
    """Return whose app is stopped, then who has to wait now, the longest first.

    Three SELECTs; 200 entries of each kind at most.
    """
    blocked = or_(*(_blocked(limit, now) for limit in (*OF_PEOPLE, throttle.ADDRESS)))
    rows = list(
        db.session.scalars(select(Throttle).where(blocked).order_by(Throttle.next_try_at.desc()).limit(SHOWN))
    )
    numbers = {_user_id(row) for row in rows} - {None}
    users = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(numbers)))}
    stopped = _stopped()
    out_of_use = {f"{throttle.CODE.name}:{entry.user.id}" for entry in stopped}
    return stopped + [_waiting(row, users) for row in rows if row.key not in out_of_use]


def let_try_again(user: User, *, actor: Actor) -> bool:
    """Forget the person's failed tries; say whether there were any.

    The codes that stopped an app are left alone, since only a reset helps. Raises NotAllowed.
    """
    permissions.require(actor, Permission.MANAGE_PEOPLE, user)
    is_stopped = select(Authenticator.id).where(Authenticator.user_id == user.id, _OUT_OF_USE)
    limits = set(OF_PEOPLE) - {throttle.CODE} if db.session.scalar(is_stopped) else OF_PEOPLE
    own = or_(*(throttle.keys_of(limit, user.id) for limit in limits))
    forgotten = db.session.execute(delete(Throttle).where(own)).rowcount > 0
    if forgotten:
        record(Event.THROTTLE_CLEARED, actor=actor, subject=user)
    return forgotten


def _stopped() -> list[Waiting]:
    counter = Throttle.key == f"{throttle.CODE.name}:" + cast(User.id, String)
    statement = (
        select(User, Throttle.failures)
        .join(Authenticator, Authenticator.user_id == User.id)
        .outerjoin(Throttle, counter)
        .where(_OUT_OF_USE)
        .order_by(Authenticator.stopped_at.desc())
        .limit(SHOWN)
    )
    return [
        Waiting(throttle.CODE, user, None, failures or 0, None, stopped=True)
        for user, failures in db.session.execute(statement)
    ]


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
