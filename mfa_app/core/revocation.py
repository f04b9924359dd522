"""What a change ends: the one place that takes trust away."""

import enum

from sqlalchemy import delete, update
from sqlalchemy.orm.attributes import set_committed_value

from mfa_app.core import throttle
from mfa_app.core.audit import Actor, Event, record
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Link, TrustedDevice, User


class Because(enum.Enum):
    """The changes that end trust."""

    PASSWORD_CHANGED = "password changed"
    LINKED = "authenticator linked"
    UNLINKED = "authenticator removed"
    RESET = "second factor reset"
    DISABLED = "account disabled"
    ROLE_CHANGED = "role changed"
    ADDRESS_CHANGED = "address changed"
    LOGGED_OUT_EVERYWHERE = "logged out everywhere"


def one_change_at_a_time(user: User) -> None:
    """Let what gives a person access and what ends it run one after the other, until the commit.

    Take this before the first write: revoke_access holds the same row, so of two of them one waits for the
    other, and never each for the other.
    """
    db.session.execute(update(User).where(User.id == user.id).values(stamp=User.stamp))


def revoke_access(user: User, *, because: Because, actor: Actor, keep: AuthSession | None = None) -> None:
    """End all sessions (but `keep`), remembered devices, pending logins and mailed links of a person.

    The person's stamp is raised first, so that whatever a request beside this one is about to start
    under the old stamp is dead when it is born.
    """
    raised = update(User).where(User.id == user.id).values(stamp=User.stamp + 1).returning(User.stamp)
    set_committed_value(user, "stamp", db.session.scalar(raised))
    sessions = delete(AuthSession).where(AuthSession.user_id == user.id)
    if keep is not None:
        sessions = sessions.where(AuthSession.id != keep.id)
        db.session.execute(
            update(AuthSession).where(AuthSession.id == keep.id).values(stamp=user.stamp, device_id=None)
        )
        set_committed_value(keep, "stamp", user.stamp)
    ended = db.session.execute(sessions).rowcount
    forgotten = db.session.execute(delete(TrustedDevice).where(TrustedDevice.user_id == user.id)).rowcount
    db.session.execute(delete(Link).where(Link.user_id == user.id))
    if because is Because.RESET:
        throttle.clear(throttle.CODE, user.id)
    if ended:
        record(Event.SESSIONS_ENDED, actor=actor, subject=user, count=ended, because=because.value)
    if forgotten:
        record(Event.DEVICES_FORGOTTEN, actor=actor, subject=user, count=forgotten, because=because.value)
