"""The table of requests for a new password that nobody has answered yet."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Sealed, SealedRow, Table

KEPT = timedelta(days=1)


class ResetRequest(SealedRow, Table):
    """A request. What was typed may be nobody's email address, so it is sealed, and deleted once answered."""

    __tablename__ = "reset_request"
    fate: ClassVar[Fate] = Fate(
        expires="created_at",
        kept_for=KEPT,
        on_restore=OnRestore.DISCARD,
        sealed=Sealed("sealed_request", "reset request|{row.id}"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    sealed_request: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
