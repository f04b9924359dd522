"""The table of requests for a reset, by people who have given the password and have lost the rest."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Table


class HelpRequest(Table):
    """A request for a reset, one for each user. The caller reads out its `number`; a stopped one has none.

    Only the digest is stored of the token with which a browser waits for the answer.
    """

    __tablename__ = "help_request"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE, expires="expires_at", on_restore=OnRestore.DISCARD
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    number: Mapped[str | None] = mapped_column(String(6), unique=True)
    reason: Mapped[str] = mapped_column(String(500))
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
