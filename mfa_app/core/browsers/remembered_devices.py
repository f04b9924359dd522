"""Remembered devices: browsers that skip the code for one user until a fixed date."""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.tokens import digest, new_token
from mfa_app.extensions import db
from mfa_app.models import RememberedDevice, User
from mfa_app.models.database import rows_changed


def remember(
    user: User, *, days: int, actor: Actor, now: datetime, replaces: RememberedDevice | None = None
) -> tuple[str, RememberedDevice]:
    """Remember this browser for the user for `days` days; return the secret for its cookie, and the row.

    `replaces` is the browser's earlier device, which is deleted.
    """
    if replaces is not None:
        forget(user, actor=actor, device_id=replaces.id, because="replaced")
    secret = new_token()
    device = RememberedDevice(
        user_id=user.id,
        digest=digest(secret),
        security_stamp=user.security_stamp,
        ip_address=actor.ip_address,
        user_agent=actor.user_agent,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(device)
    db.session.flush()
    record(Event.DEVICE_TRUSTED, actor=actor, subject=user, days=days)
    return secret, device


def find_valid(user: User, device_id: str, secret: str, *, now: datetime) -> RememberedDevice | None:
    """Return the remembered device if it is this user's, matches the secret and is still valid, else None."""
    device = db.session.get(RememberedDevice, device_id)
    if (
        device is None
        or device.user_id != user.id
        or device.security_stamp != user.security_stamp
        or not device.created_at <= now < device.expires_at
        or not hmac.compare_digest(device.digest, digest(secret))
    ):
        return None
    return device


def note_use(device: RememberedDevice, *, now: datetime) -> None:
    """Record that the device has just saved its user a code. This doesn't extend its lifetime."""
    db.session.execute(
        update(RememberedDevice).where(RememberedDevice.id == device.id).values(last_used_at=now)
    )


def of_user(user: User, *, now: datetime) -> list[RememberedDevice]:
    """Return the user's valid remembered devices, most recently used first."""
    statement = (
        select(RememberedDevice)
        .where(RememberedDevice.user_id == user.id, RememberedDevice.expires_at > now)
        .where(RememberedDevice.security_stamp == user.security_stamp)
        .order_by(RememberedDevice.last_used_at.desc())
    )
    return list(db.session.scalars(statement))


def forget(
    user: User, *, actor: Actor, device_id: str | None = None, because: str = "forgotten by hand"
) -> int:
    """Revoke one remembered device of the user, or all. Return how many were revoked."""
    statement = delete(RememberedDevice).where(RememberedDevice.user_id == user.id)
    if device_id is not None:
        statement = statement.where(RememberedDevice.id == device_id)
    count = rows_changed(statement)
    if count:
        record(Event.DEVICES_FORGOTTEN, actor=actor, subject=user, count=count, because=because)
    return count
