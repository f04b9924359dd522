"""Remembered devices: browsers that skip the code for one user until a fixed date."""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.tokens import digest, new_token
from mfa_app.extensions import db
from mfa_app.models import RememberedDevice
from mfa_app.models.column_types import new_id
from mfa_app.models.database import execute, rows_changed, table_of
from mfa_app.models.row_facts import AnyUser, DeviceFacts, columns_of

_DEVICES = table_of(RememberedDevice)

_BY_ID = select(*columns_of(DeviceFacts, RememberedDevice)).where(_DEVICES.c.id == bindparam("device_id"))

_INSERT = insert(_DEVICES)

_USED = update(_DEVICES).where(_DEVICES.c.id == bindparam("device_id"))


def remember(
    user: AnyUser, *, days: int, actor: Actor, now: datetime, replaces: DeviceFacts | None = None
) -> tuple[str, DeviceFacts]:
    """Remember this browser for the user for `days` days; return the secret for its cookie, and the row.

    `replaces` is the browser's earlier device, which is deleted.
    """
    if replaces is not None:
        forget(user, actor=actor, device_id=replaces.id, because=EndReason.REPLACED)
    secret = new_token()
    device = DeviceFacts(
        id=new_id(),
        user_id=user.id,
        digest=digest(secret),
        security_stamp=user.security_stamp,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    sender = {"ip_address": actor.ip_address, "user_agent": actor.user_agent}
    execute(_INSERT, **vars(device), **sender, last_used_at=now)
    record(Event.DEVICE_TRUSTED, actor=actor, subject=user, days=days)
    return secret, device


def find_valid(user: AnyUser, device_id: str, secret: str, *, now: datetime) -> DeviceFacts | None:
    """Return the remembered device if it is this user's, matches the secret and is still valid, else None."""
    row = execute(_BY_ID, device_id=device_id).first()
    device = DeviceFacts(*tuple(row)) if row else None
    if (
        device is None
        or device.user_id != user.id
        or device.security_stamp != user.security_stamp
        or not device.created_at <= now < device.expires_at
        or not hmac.compare_digest(device.digest, digest(secret))
    ):
        return None
    return device


def note_use(device: DeviceFacts, *, now: datetime) -> None:
    """Record that the device has just saved its user a code. This doesn't extend its lifetime."""
    execute(_USED, device_id=device.id, last_used_at=now)


def of_user(user: AnyUser, *, now: datetime) -> list[RememberedDevice]:
    """Return the user's valid remembered devices, most recently used first."""
    statement = (
        select(RememberedDevice)
        .where(RememberedDevice.user_id == user.id, RememberedDevice.expires_at > now)
        .where(RememberedDevice.security_stamp == user.security_stamp)
        .order_by(RememberedDevice.last_used_at.desc())
    )
    return list(db.session.scalars(statement))


def forget(
    user: AnyUser,
    *,
    actor: Actor,
    device_id: str | None = None,
    because: EndReason = EndReason.FORGOTTEN,
) -> int:
    """Revoke one remembered device of the user, or all. Return how many were revoked."""
    statement = delete(RememberedDevice).where(RememberedDevice.user_id == user.id)
    if device_id is not None:
        statement = statement.where(RememberedDevice.id == device_id)
    count = rows_changed(statement)
    if count:
        record(Event.DEVICES_FORGOTTEN, actor=actor, subject=user, count=count, because=because)
    return count
