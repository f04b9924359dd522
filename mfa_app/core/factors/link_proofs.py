"""What lets somebody link an app after a reset, besides the password: an access pass, or a code by email.

They are no second factors, so the registry doesn't know them: they lead to linking and open nothing else.
What one does is decided in `core/login/link_step`.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mfa_app.core.common.clock import is_fresh
from mfa_app.core.common.errors import (
    NotACode,
    NotAnAccessPass,
    NotAnEmailCode,
    WrongAccessPass,
    WrongEmailCode,
)
from mfa_app.core.factors import totp, written_codes
from mfa_app.core.passwords import hashing
from mfa_app.extensions import db
from mfa_app.models import LinkProof, LinkSecret
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import AnyUser

# For a telephone: without 0 O, 1 I L, 2 Z, 5 S, 8 B and U V, of which one is taken for the other. Eight of
# them are 36 random bits. A guess is counted with the codes, so somebody with the password has fifty in all.
PASS_ALPHABET = "acdefghjkmnpqrtwxy34679"

PASS_CHARACTERS = 8

EMAIL_CODE_LASTS = timedelta(minutes=10)  # as long as a login waits for a code of an app

REFUSALS = {LinkProof.ACCESS_PASS: WrongAccessPass, LinkProof.EMAIL_CODE: WrongEmailCode}


def new_pass() -> str:
    """Return the characters of a new access pass."""
    return "".join(secrets.choice(PASS_ALPHABET) for _ in range(PASS_CHARACTERS))


def shown_pass(code: str) -> str:
    """Return an access pass as it is read out: "KM7P 3XQT"."""
    return written_codes.shown(code).replace("-", " ").upper()


def new_email_code() -> str:
    """Return the digits of a new code for an email."""
    return written_codes.new_digits(totp.DIGITS)


def read(proof: LinkProof, typed: str) -> str:
    """Return the characters of what somebody typed, in any case and with any separators.

    Raises NotAnAccessPass, NotAnEmailCode.
    """
    if proof is LinkProof.EMAIL_CODE:
        try:
            return totp.digits_of(typed)
        except NotACode:
            raise NotAnEmailCode from None
    code = written_codes.read(typed, PASS_CHARACTERS, PASS_ALPHABET)
    if code is None:
        raise NotAnAccessPass
    return code


def replace(user: AnyUser, proof: LinkProof, secret_hash: str, *, lifetime: timedelta, now: datetime) -> bool:
    """Keep a new secret of a user, who is locked, in place of one before. Return whether there was one."""
    of_kind = LinkSecret.user_id == user.id, LinkSecret.kind == proof
    replaced = rows_changed(delete(LinkSecret).where(*of_kind)) > 0
    db.session.add(
        LinkSecret(
            user_id=user.id, kind=proof, secret_hash=secret_hash, created_at=now, expires_at=now + lifetime
        )
    )
    return replaced


def find(user: AnyUser, proof: LinkProof, *, now: datetime) -> LinkSecret | None:
    """Return the secret of this kind that a user has open, or None."""
    of_kind = LinkSecret.user_id == user.id, LinkSecret.kind == proof
    secret = db.session.scalar(select(LinkSecret).where(*of_kind))
    if secret is None or not is_fresh(secret.created_at, secret.expires_at - secret.created_at, now=now):
        return None
    return secret


def check(secret: LinkSecret | None, code: str) -> bool:
    """Return True if this is the secret. Where there is none that takes as long. Raises HashingQueueFull."""
    return hashing.verify(secret.secret_hash if secret else None, code)


def burn(secret_id: str) -> bool:
    """Use up a secret. Return False if it was used, replaced or revoked meanwhile."""
    return rows_changed(delete(LinkSecret).where(LinkSecret.id == secret_id)) == 1
