"""Row locks: which changes run one after the other, on SQLite and PostgreSQL alike."""

from datetime import datetime

from sqlalchemy import bindparam, case, select, update

from mfa_app.core.common import clock, days, scope
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import SessionEnded
from mfa_app.core.common.permissions import Permission
from mfa_app.extensions import db
from mfa_app.models import Group, Progress, SitePolicy, User
from mfa_app.models.database import execute, table_of
from mfa_app.models.row_facts import AnyUser

_USERS = table_of(User)

_LOGIN = update(_USERS).where(_USERS.c.id == bindparam("user_id"))

_COMPLETE = _LOGIN.values(
    progress=case((_USERS.c.progress > Progress.NOTHING, _USERS.c.progress), else_=Progress.LOGGED_IN),
    access_ended_at=None,  # the login has said it
    access_ended_because=None,
    access_ended_by=None,
)

_LOCK = _LOGIN.values(security_stamp=_USERS.c.security_stamp)


def lock_user(user: AnyUser) -> None:
    """Lock this user's row until the commit, so that granting and revoking access never interleave.

    Call this before the first write. `revoke_access` takes the same lock, so two requests can't deadlock.
    """
    execute(_LOCK, user_id=user.id)


def lock_user_who_logs_in(user: AnyUser, *, second_factor: bool = True, now: datetime) -> None:
    """Do the same for a user whose login will be complete with this commit, and note when that was.

    `second_factor`: by an answer of one, or on a remembered device.
    """
    used = {"second_factor_on": days.day_of(now)} if second_factor else {}
    execute(_COMPLETE, user_id=user.id, last_login_at=now, **used)


def note_secret_shown(user: AnyUser) -> None:
    """Note at a user without a second factor, who is locked, that a QR code is about to be shown."""
    execute(_LOCK, user_id=user.id, progress=Progress.SAW_QR_CODE)


def lock_and_reload(user: User) -> None:
    """Lock this user's row and read it again, for checks on what a concurrent request may have changed."""
    lock_user(user)
    db.session.refresh(user)


def reload_group(group: Group) -> Group | None:
    """Read a group again after a change has begun. Return None if a concurrent request has deleted it."""
    return db.session.get(Group, group.id, populate_existing=True)


def lock_administration() -> None:
    """Lock administration until the commit, so that checks on accounts and rules stay true."""
    db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))


def begin_change(actor: Actor, permission: Permission, user: User | None = None) -> None:
    """Lock administration and the user, and check the permission by what is true now.

    Every change by an administrator or the help desk begins with this, so it is finished by nobody who has
    just been disabled, or got another role or scope. Raises NotAllowed, SessionEnded, OutOfScope.
    """
    actor.require(permission, user)
    lock_administration()
    if user is not None:
        lock_and_reload(user)
    _require_unchanged(actor)
    actor.require(permission, user)
    if user is not None:
        scope.require_seen(actor, user)


def _require_unchanged(actor: Actor) -> None:
    """Raise SessionEnded if the actor's access has ended since the request began."""
    if actor.user_id is None:
        return
    columns = User.role, User.security_stamp, User.disabled_at, User.ends_at
    found = db.session.execute(select(*columns).where(User.id == actor.user_id)).one_or_none()
    if found is None or tuple(found[:3]) != (actor.role, actor.security_stamp, None):
        raise SessionEnded
    if found.ends_at is not None and found.ends_at <= clock.now():  # their last day is over
        raise SessionEnded
