"""The table of one-time links: first set-up, invitation, password reset, enrolment, lock of an account."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Table


class OneTimeLink(Table):
    """A one-time link for one purpose, valid until `expires_at`. Only the digest of its token is stored."""

    __tablename__ = "one_time_link"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE, expires="expires_at", on_restore=OnRestore.DISCARD
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    purpose: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    security_stamp: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
