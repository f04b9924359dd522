"""Checking a second factor. Each code is accepted once: checking and burning are one statement."""

from datetime import datetime

from sqlalchemy import update

from mfa_app.core.common.errors import AuthenticatorLocked, UsedCode
from mfa_app.core.factors import totp
from mfa_app.core.keys.vault import vault
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from mfa_app.models.database import rows_changed


def accept(authenticator: Authenticator, digits: str, *, now: datetime) -> None:
    """Accept a code of this authenticator and burn its time step, so that it is never accepted again.

    `digits` comes from `totp.digits_of`. Raises WrongCode, UsedCode (RFC 6238, section 5.2),
    AuthenticatorLocked, CannotUnseal.
    """
    secret = vault().unseal(authenticator.sealed_secret, authenticator.seal_context)
    step = totp.matching_step(secret, digits, now=now)
    burned = rows_changed(
        update(Authenticator)
        .where(Authenticator.id == authenticator.id, Authenticator.locked_at.is_(None))
        .where(Authenticator.last_step < step)
        .values(last_step=step)
    )
    if burned != 1:
        raise AuthenticatorLocked if authenticator.locked_at else UsedCode


def lock(authenticator: Authenticator, *, now: datetime) -> None:
    """Lock the authenticator until it is reset."""
    locked = update(Authenticator).where(Authenticator.id == authenticator.id).values(locked_at=now)
    db.session.execute(locked)
