"""The table of invitations: who is to choose a first password, and how far that has come."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table


class Invitation(Table):
    """The last invitation of a user who has no password yet. The first password deletes the row.

    `digest` is that of its token, and `security_stamp` the user's when it was sent: a higher one
    has ended it.
    `sender` is the name of the administrator who sent it, empty for the terminal. `opened_at` is when someone
    first tried to choose a password with it.

    The link itself is a row of its own, which is deleted when it expires; this one outlives it.
    """

    __tablename__ = "invitation"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (Index("ix_invitation_expires_at_user_id", "expires_at", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    security_stamp: Mapped[int]
    sender: Mapped[str] = mapped_column(String(300))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
