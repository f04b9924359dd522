"""Sessions: rows that hold only the digest of the token in the browser."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.browser_columns import BrowserColumns
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Table


class AuthSession(BrowserColumns, Table):
    """A session. `amr` lists the methods used (RFC 8176): "pwd", "pwd link", or "pwd" and a factor's.

    A passkey may stand alone, in place of the password too.
    "link" is ours: the session began with a one-time link that permits linking a first app.

    `password_at` is the time of the last password, or of what stood in its place, `code_at` that of the last
    code or passkey. `challenged_at` is when the session was first sent to the code page; from then on the
    user has ten minutes.
    """

    __tablename__ = "auth_session"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE, expires="expires_at", on_restore=OnRestore.DISCARD
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    amr: Mapped[str] = mapped_column(String(20))
    password_at: Mapped[datetime] = mapped_column(UtcDateTime)
    code_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    challenged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    device_id: Mapped[str | None] = mapped_column(
        ForeignKey("remembered_device.id", ondelete="SET NULL"), index=True
    )
