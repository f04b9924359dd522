"""What a change revokes: the only place that ends sessions, devices and links because of it."""

import enum
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.attributes import set_committed_value

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import TABLES, AuthSession, OneTimeLink, RememberedDevice, User
from mfa_app.models.database import rows_changed
from mfa_app.models.fate import OnRevocation, Table
from mfa_app.models.row_facts import AnyUser, SessionFacts

ENDED = tuple(model for model in TABLES if model.fate.on_revocation is OnRevocation.DELETE)

COUNTED: dict[type[Table], Event] = {
    AuthSession: Event.SESSIONS_ENDED,
    RememberedDevice: Event.DEVICES_FORGOTTEN,
    OneTimeLink: Event.LINKS_ENDED,
}


_RAISE_STAMP = update(User).values(security_stamp=User.security_stamp + 1)


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


def revoke_access(
    user: AnyUser, *, because: RevocationReason, actor: Actor, except_session: SessionFacts | None = None
) -> int:
    """Revoke all sessions (except `except_session`), remembered devices and one-time links of a user.

    These are the tables whose fate says so; only links that lock the account stay, or a thief could end these
    by changing the password. The user's stamp is raised first. Whatever a concurrent request
    is about to start under the old stamp is invalid from the start. Return the new stamp, under which
    `except_session` goes on.
    """
    raised = _RAISE_STAMP.where(User.id == user.id).returning(User.security_stamp)
    stamp: int = db.session.scalars(raised).one()
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


def revoke_access_of_all(whom: Select[int]) -> dict[int, dict[Event, int]]:
    """Do in sets what `revoke_access` does for each user of a SELECT of ids, for hundreds of thousands.

    Return for each user who had any how many sessions, devices and links have ended: the caller records it.
    """
    in_sets = {"synchronize_session": False}
    db.session.execute(_RAISE_STAMP.where(User.id.in_(whom)).execution_options(**in_sets))
    ended: dict[int, dict[Event, int]] = {}
    for model in ENDED:
        owner: InstrumentedAttribute[int] = getattr(model, "user_id")  # noqa: B009 - as OnRevocation.DELETE says
        where = [owner.in_(whom), *_revoked(model)]
        for user_id, count in db.session.execute(select(owner, func.count()).where(*where).group_by(owner)):
            ended.setdefault(user_id, {})[COUNTED[model]] = count
        db.session.execute(delete(model).where(*where).execution_options(**in_sets))
    return ended


def kept(session: SessionFacts, stamp: int) -> SessionFacts:
    """Return the session that `revoke_access` has spared, as it goes on under this stamp."""
    return replace(session, security_stamp=stamp, device_id=None)


def _keep(session: SessionFacts, stamp: int) -> None:
    """Let this session go on under the raised stamp, without the device that it started on."""
    db.session.execute(
        update(AuthSession).where(AuthSession.id == session.id).values(security_stamp=stamp, device_id=None)
    )


def _delete_rows(model: type[Table], user: AnyUser, except_session: SessionFacts | None) -> int:
    """Delete the user's rows of a table, but not this session. Return how many there were."""
    owner: InstrumentedAttribute[int] = getattr(model, "user_id")  # noqa: B009 - as OnRevocation.DELETE says
    statement = delete(model).where(owner == user.id)
    if model is AuthSession and except_session is not None:
        statement = statement.where(AuthSession.id != except_session.id)
    return rows_changed(statement.where(*_revoked(model)))


def _revoked(model: type[Table]) -> list[ColumnElement[bool]]:
    """Return which of a user's rows of a table a revocation ends, if not all."""
    return [OneTimeLink.purpose != Purpose.ACCOUNT_LOCK] if model is OneTimeLink else []
