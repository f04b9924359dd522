"""Checking a second factor. Each code is accepted once: the statement that accepts it burns it."""

from datetime import datetime

from sqlalchemy import bindparam, select, update

from mfa_app.core.common.errors import AuthenticatorLocked, UsedCode
from mfa_app.core.factors import totp
from mfa_app.core.keys.vault import vault
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from mfa_app.models.database import execute, table_of
from mfa_app.models.row_facts import AuthenticatorFacts

AnyAuthenticator = Authenticator | AuthenticatorFacts

_TABLE = table_of(Authenticator)

_LOCKED_AT = select(_TABLE.c.locked_at).where(_TABLE.c.id == bindparam("authenticator_id"))

_BURN = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("authenticator_id"), _TABLE.c.locked_at.is_(None))
    .where(_TABLE.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)


def step_of(authenticator: AnyAuthenticator, digits: str, *, now: datetime) -> int:
    """Return the time step that a code belongs to, used or not, and write nothing.

    `digits` comes from `totp.digits_of`. Raises WrongCode, CannotUnseal.
    """
    secret = vault().unseal(authenticator.sealed_secret, authenticator.seal_context)
    return totp.matching_step(secret, digits, now=now)


def burn(authenticator: AnyAuthenticator, step: int) -> None:
    """Accept the code of a time step, and no other of this step or an earlier one ever again.

    Raises UsedCode (RFC 6238, section 5.2), AuthenticatorLocked.
    """
    if execute(_BURN, authenticator_id=authenticator.id, step=step).rowcount != 1:
        locked_at = execute(_LOCKED_AT, authenticator_id=authenticator.id).scalar()
        raise AuthenticatorLocked if locked_at else UsedCode


def lock(authenticator: AnyAuthenticator, *, now: datetime) -> None:
    """Lock the authenticator until it is reset."""
    locked = update(Authenticator).where(Authenticator.id == authenticator.id).values(locked_at=now)
    db.session.execute(locked)
