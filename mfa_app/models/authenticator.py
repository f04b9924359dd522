"""A person's linked authentication app, and the one that is being linked."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.extensions import db
from mfa_app.models.column_types import UtcDateTime, new_id


class Authenticator(db.Model):
    """A linked authentication app; there is none before a code has proved it, and one a person."""

    __tablename__ = "authenticator"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column()
    opted_in: Mapped[bool] = mapped_column(default=False)
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def seal_context(self) -> str:
        """The place for which the secret is sealed, so that it opens in no other row."""
        return f"totp|{self.id}|{self.user_id}"


class PendingEnrolment(db.Model):
    """A secret shown as a QR code to one session only, so that nobody else can be scanning it."""

    __tablename__ = "pending_enrolment"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("auth_session.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def seal_context(self) -> str:
        """The place for which the secret is sealed."""
        return f"pending|{self.id}|{self.session_id}"
