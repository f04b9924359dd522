"""What a change revokes: the only place that ends sessions, devices and links because of it."""

import enum
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, Update, case, delete, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.attributes import set_committed_value

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.mail.one_time_links import LOCKING
from mfa_app.core.sessions.sessions import IDLE_TIMEOUT
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import TABLES, AuthSession, OneTimeLink, RememberedDevice, Role, User
from mfa_app.models.database import rows_changed, table_of
from mfa_app.models.fate import OnRevocation, Table
from mfa_app.models.row_facts import AnyUser, SessionFacts

ENDED = tuple(model for model in TABLES if model.fate.on_revocation is OnRevocation.DELETE)

COUNTED: dict[type[Table], Event] = {
    AuthSession: Event.SESSIONS_ENDED,
    RememberedDevice: Event.DEVICES_FORGOTTEN,
    OneTimeLink: Event.LINKS_ENDED,
}

_SESSIONS = table_of(AuthSession)


class RevocationReason(enum.Enum):
    """The changes that revoke access."""

    PASSWORD_CHANGED = "password changed"
    LINKED = "authenticator linked"
    UNLINKED = "authenticator removed"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    RESET = "second factor reset"
    BREAK_GLASS = "break-glass code used"
    DISABLED = "account disabled"
    ACCOUNT_LOCKED = "account locked"
    ROLE_CHANGED = "role changed"
    ADDRESS_CHANGED = "address changed"
    LOGGED_OUT_EVERYWHERE = "logged out everywhere"


class EndedBy(enum.StrEnum):
    """Who ended somebody's access, as that person is told. The values are stored."""

    OWNER = "owner"
    HELPDESK = "helpdesk"
    ADMIN = "admin"  # or the terminal
    LINK = "link"  # whoever opened a link that was mailed to the owner
    SITE = "site"


def revoke_access(
    user: AnyUser, *, because: RevocationReason, actor: Actor, except_session: SessionFacts | None = None
) -> int:
    """Revoke all sessions (except `except_session`), remembered devices and one-time links of a user.

    These are the tables whose fate says so; only links that lock the account stay, or a thief could end these
    by changing the password. The user's stamp is raised first, so whatever a concurrent request is about to
    start under the old stamp is invalid from the start. Return the new stamp, under which `except_session`
    goes on. If a session ends that was in use, the next login says why.
    """
    raised = _raise_stamp(because, _ended_by(actor, user), except_session).where(User.id == user.id)
    stamp: int = db.session.scalars(raised.returning(User.security_stamp)).one()
    if isinstance(user, User):
        set_committed_value(user, "security_stamp", stamp)
    if except_session is not None:
        _keep(except_session, stamp)
    counts = {model: _delete_rows(model, user, except_session) for model in ENDED}
    if because in (RevocationReason.RESET, RevocationReason.BREAK_GLASS):
        counters.clear(limits.CODE, user.id)
    for model, event in COUNTED.items():
        if counts[model]:
            record(event, actor=actor, subject=user, count=counts[model], because=because.value)
    return stamp


def revoke_access_of_all(
    whom: Select[int], *, because: RevocationReason, actor: Actor
) -> dict[int, dict[Event, int]]:
    """Do in sets what `revoke_access` does for each user of a SELECT of ids, for hundreds of thousands.

    The actor is none of them. Return for each user who had any how many sessions, devices and links have
    ended: the caller records it.
    """
    in_sets = {"synchronize_session": False}
    raised = _raise_stamp(because, _ended_by(actor)).where(User.id.in_(whom))
    db.session.execute(raised.execution_options(**in_sets))
    ended: dict[int, dict[Event, int]] = {}
    for model in ENDED:
        owner = _owner(model)
        where = [owner.in_(whom), *_revoked(model)]
        counts = select(owner, func.count()).where(*where).group_by(owner)
        for user_id, count in db.session.execute(counts) if model in COUNTED else ():
            ended.setdefault(user_id, {})[COUNTED[model]] = count
        db.session.execute(delete(model).where(*where).execution_options(**in_sets))
    return ended


def kept(session: SessionFacts, stamp: int) -> SessionFacts:
    """Return the session that `revoke_access` has spared, as it goes on under this stamp."""
    return replace(session, security_stamp=stamp, device_id=None)


def _raise_stamp(
    because: RevocationReason, by: EndedBy, except_session: SessionFacts | None = None
) -> Update:
    """Return the UPDATE of users who had a session in use: their next login says what ended it.

    Without one, what an earlier change has ended is still to be told, unless its user is in `except_session`.
    """
    now = clock.now()
    in_use = exists().where(
        _SESSIONS.c.user_id == User.id,
        _SESSIONS.c.security_stamp == User.security_stamp,
        _SESSIONS.c.expires_at > now,
        _SESSIONS.c.last_seen_at > now - IDLE_TIMEOUT,
    )
    if except_session is not None:
        in_use = in_use.where(_SESSIONS.c.id != except_session.id)
    told = {"access_ended_at": now, "access_ended_because": because.value, "access_ended_by": by.value}
    values = {
        name: case((in_use, value), else_=None if except_session else getattr(User, name))
        for name, value in told.items()
    }
    return update(User).values(security_stamp=User.security_stamp + 1, **values)


def _ended_by(actor: Actor, user: AnyUser | None = None) -> EndedBy:
    if user is not None and actor.user_id == user.id:
        return EndedBy.OWNER
    if actor.is_terminal or actor.role == Role.ADMIN:
        return EndedBy.ADMIN
    if actor.role == Role.HELPDESK:
        return EndedBy.HELPDESK
    return EndedBy.SITE if actor.kind == ActorKind.SITE else EndedBy.LINK


def _keep(session: SessionFacts, stamp: int) -> None:
    """Let this session go on under the raised stamp, without the device that it started on."""
    db.session.execute(
        update(AuthSession).where(AuthSession.id == session.id).values(security_stamp=stamp, device_id=None)
    )


def _delete_rows(model: type[Table], user: AnyUser, except_session: SessionFacts | None) -> int:
    """Delete the user's rows of a table, but not this session. Return how many there were."""
    owner = _owner(model)
    statement = delete(model).where(owner == user.id)
    if model is AuthSession and except_session is not None:
        statement = statement.where(AuthSession.id != except_session.id)
    return rows_changed(statement.where(*_revoked(model)))


def _owner(model: type[Table]) -> InstrumentedAttribute[int]:
    """Return the column that `OnRevocation.DELETE` says such a table has."""
    owner: InstrumentedAttribute[int] = getattr(model, "user_id")  # noqa: B009 - a table need not have it
    return owner


def _revoked(model: type[Table]) -> list[ColumnElement[bool]]:
    """Return which of a user's rows of a table a revocation ends, if not all."""
    return [OneTimeLink.purpose.not_in(LOCKING)] if model is OneTimeLink else []
