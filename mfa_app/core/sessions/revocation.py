"""What a change revokes: the only place that ends sessions, devices and links because of it."""

import enum

from sqlalchemy import delete, update
from sqlalchemy.orm.attributes import set_committed_value

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import AuthSession, OneTimeLink, RememberedDevice, User


class RevocationReason(enum.Enum):
    """The changes that revoke access."""

    PASSWORD_CHANGED = "password changed"
    LINKED = "authenticator linked"
    UNLINKED = "authenticator removed"
    RESET = "second factor reset"
    DISABLED = "account disabled"
    ROLE_CHANGED = "role changed"
    ADDRESS_CHANGED = "address changed"
    LOGGED_OUT_EVERYWHERE = "logged out everywhere"


def revoke_access(
    user: User, *, because: RevocationReason, actor: Actor, except_session: AuthSession | None = None
) -> None:
    """Revoke all sessions (except `except_session`), remembered devices and one-time links of a user.

    The user's stamp is raised first. Whatever a concurrent request is about to start under the old stamp is
    invalid from the start.
    """
    raised = (
        update(User)
        .where(User.id == user.id)
        .values(security_stamp=User.security_stamp + 1)
        .returning(User.security_stamp)
    )
    set_committed_value(user, "security_stamp", db.session.scalar(raised))
    sessions = delete(AuthSession).where(AuthSession.user_id == user.id)
    if except_session is not None:
        sessions = sessions.where(AuthSession.id != except_session.id)
        db.session.execute(
            update(AuthSession)
            .where(AuthSession.id == except_session.id)
            .values(security_stamp=user.security_stamp, device_id=None)
        )
        set_committed_value(except_session, "security_stamp", user.security_stamp)
    ended = db.session.execute(sessions).rowcount
    forgotten = db.session.execute(
        delete(RememberedDevice).where(RememberedDevice.user_id == user.id)
    ).rowcount
    db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))
    if because is RevocationReason.RESET:
        counters.clear(limits.CODE, user.id)
    if ended:
        record(Event.SESSIONS_ENDED, actor=actor, subject=user, count=ended, because=because.value)
    if forgotten:
        record(Event.DEVICES_FORGOTTEN, actor=actor, subject=user, count=forgotten, because=because.value)
