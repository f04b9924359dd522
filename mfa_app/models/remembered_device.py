"""Remembered devices: rows that hold only the digest of the token in the browser."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.browser_columns import BrowserColumns
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Table


class RememberedDevice(BrowserColumns, Table):
    """A remembered device: a browser that skips the code for one user until `expires_at`."""

    __tablename__ = "remembered_device"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE, expires="expires_at", on_restore=OnRestore.DISCARD
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)
