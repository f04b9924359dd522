"""Remembered devices: a browser on which one person is not asked for a code until a fixed end."""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.secrets import digest, new_token
from mfa_app.extensions import db
from mfa_app.models import TrustedDevice, User


def trust(
    user: User, *, days: int, actor: Actor, now: datetime, instead_of: TrustedDevice | None = None
) -> tuple[str, TrustedDevice]:
    """Remember this browser for the person for so many days; return the secret for its cookie and the row."""
    if instead_of is not None:
        db.session.execute(delete(TrustedDevice).where(TrustedDevice.id == instead_of.id))
    secret = new_token()
    device = TrustedDevice(
        user_id=user.id,
        digest=digest(secret),
        stamp=user.stamp,
        address=actor.address,
        user_agent=actor.user_agent,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(device)
    db.session.flush()
    record(Event.DEVICE_TRUSTED, actor=actor, subject=user, days=days)
    return secret, device


def is_trusted(user: User, device_id: str, secret: str, *, now: datetime) -> TrustedDevice | None:
    """Return the remembered device if this secret is its own, it is this person's, and it still counts."""
    device = db.session.get(TrustedDevice, device_id)
    if (
        device is None
        or device.user_id != user.id
        or device.stamp != user.stamp
        or not device.created_at <= now < device.expires_at
        or not hmac.compare_digest(device.digest, digest(secret))
    ):
        return None
    return device


def note_use(device: TrustedDevice, *, now: datetime) -> None:
    """Note when the device last spared its person a code; its end stays where it is."""
    db.session.execute(update(TrustedDevice).where(TrustedDevice.id == device.id).values(last_used_at=now))


def of_person(user: User, *, now: datetime) -> list[TrustedDevice]:
    """Return the person's remembered devices that still count, the latest used first."""
    statement = (
        select(TrustedDevice)
        .where(TrustedDevice.user_id == user.id, TrustedDevice.expires_at > now)
        .where(TrustedDevice.stamp == user.stamp)
        .order_by(TrustedDevice.last_used_at.desc())
    )
    return list(db.session.scalars(statement))


def forget(
    user: User, *, actor: Actor, device_id: str | None = None, because: str = "forgotten by hand"
) -> int:
    """Forget one remembered device of the person, or all; return how many were forgotten."""
    statement = delete(TrustedDevice).where(TrustedDevice.user_id == user.id)
    if device_id is not None:
        statement = statement.where(TrustedDevice.id == device_id)
    count = db.session.execute(statement).rowcount
    if count:
        record(Event.DEVICES_FORGOTTEN, actor=actor, subject=user, count=count, because=because)
    return count
