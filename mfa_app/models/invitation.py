"""The table of invitations: who is to choose a first password, and how far that has come."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table
from mfa_app.models.partial_index import only_where

UNUSED, USED = "used_at IS NULL", "used_at IS NOT NULL"

USED_INVITATIONS_KEPT = timedelta(days=30)


class Invitation(Table):
    """The last invitation of a user: the first password uses it up, and 30 days later the row is deleted.

    `digest` is that of its token, `reminder_digest` that of the token in the mail of the day before it
    expires, and `security_stamp` the user's when it was sent: a higher one has ended it. `sender` is the name
    of the administrator who sent it, empty for the terminal; `sender_id` is their number.

    `mailed_at` is when the mail left, `opened_at` when someone first tried to choose a password with it,
    `asked_at` when its owner last asked for a new one, `used_at` when there was a password.

    The link itself is a row of its own, which is deleted when it expires; this one outlives it.
    """

    __tablename__ = "invitation"
    fate: ClassVar[Fate] = Fate(expires="used_at", kept_for=USED_INVITATIONS_KEPT)
    __table_args__ = (
        Index("ix_invitation_expires_at_user_id", "expires_at", "user_id"),
        Index("ix_invitation_unused", "expires_at", "user_id", **only_where(UNUSED)),
        Index(
            "ix_invitation_waiting", "expires_at", "user_id", **only_where(f"mailed_at IS NULL AND {UNUSED}")
        ),
        Index(
            "ix_invitation_opened",
            "expires_at",
            "user_id",
            **only_where(f"opened_at IS NOT NULL AND {UNUSED}"),
        ),
        Index(
            "ix_invitation_asked", "expires_at", "user_id", **only_where(f"asked_at IS NOT NULL AND {UNUSED}")
        ),
        Index(
            "ix_invitation_reminder_digest", "reminder_digest", **only_where("reminder_digest IS NOT NULL")
        ),
        Index("ix_invitation_used", "used_at", "user_id", **only_where(USED)),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    reminder_digest: Mapped[str | None] = mapped_column(String(64))
    security_stamp: Mapped[int]
    sender: Mapped[str] = mapped_column(String(300))
    sender_id: Mapped[int | None] = mapped_column()
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
