"""The table of resets that somebody of the help desk has asked for, and another one has to approve."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Table


class ResetApproval(Table):
    """A reset that waits for a second approval, one for each user. What revokes access ends it.

    `digest` is that of all that was asked for: whatever differs is another row, with another id. `risks` says
    why it is risky. `request_id` is that of the request whose number was read out.
    """

    __tablename__ = "reset_approval"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE, expires="expires_at", on_restore=OnRestore.DISCARD
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), unique=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    check_way: Mapped[str] = mapped_column(String(20))
    check_note: Mapped[str] = mapped_column(String(300))
    request_id: Mapped[str | None] = mapped_column(String(32))
    risks: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
