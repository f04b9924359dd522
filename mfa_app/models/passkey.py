"""The tables of passkeys, and of the challenges that an answer of one has used up."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, Table


class Passkey(Table):
    """A passkey of a user (WebAuthn Level 3): the public key, and what its authenticator said of itself.

    `credential_id` and `public_key` (COSE) are base64url texts. `sign_count` is the last one seen; after a
    restore it may be too low, which refuses nobody. `aaguid` names the model of the authenticator.
    `backup_eligible`: the key may be copied to other devices, which never changes. `backed_up`: it was, when
    last seen. `rp_id` is the host that it was made for: on any other it can't answer.
    """

    __tablename__ = "passkey"
    fate: ClassVar[Fate] = Fate()

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    aaguid: Mapped[str] = mapped_column(String(36))
    backup_eligible: Mapped[bool] = mapped_column()
    backed_up: Mapped[bool] = mapped_column()
    rp_id: Mapped[str] = mapped_column(String(253))
    name: Mapped[str] = mapped_column(String(60))
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class UsedChallenge(Table):
    """A challenge that an accepted answer has used up, until it is too old to be accepted anyway."""

    __tablename__ = "used_challenge"
    fate: ClassVar[Fate] = Fate(expires="expires_at")

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
