"""Rows of passkeys, for tests that only need somebody to have one."""

from datetime import datetime

from mfa_app.models import Passkey
from mfa_app.models.column_types import new_id


def passkey_of(user_id: int, now: datetime) -> Passkey:
    """Return a new passkey of a user, which nobody can answer with."""
    return Passkey(
        user_id=user_id,
        credential_id=new_id(),
        public_key="",
        sign_count=0,
        aaguid="",
        backup_eligible=False,
        backed_up=False,
        rp_id="localhost",
        name="YubiKey",
        registered_at=now,
    )
