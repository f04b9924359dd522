"""The tables of a user's authenticator and of an enrolment in progress."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Sealed, SealedRow, Table
from mfa_app.models.partial_index import only_where


class Authenticator(SealedRow, Table):
    """An enrolled authentication app: at most one per user, stored only after a code has proved it.

    `last_step` is the time step of the last accepted code (RFC 6238). `opted_in`: by the user's own choice.
    `issuer` is the name that the app shows the codes under: the site's when it was linked. None if unknown.
    """

    __tablename__ = "authenticator"
    fate: ClassVar[Fate] = Fate(sealed=Sealed("sealed_secret", "totp|{row.id}|{row.user_id}"))
    __table_args__ = (
        Index("ix_authenticator_locked_at", "locked_at", **only_where("locked_at IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(String(200))
    last_step: Mapped[int] = mapped_column()
    opted_in: Mapped[bool] = mapped_column(default=False)
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PendingEnrolment(SealedRow, Table):
    """A secret shown as a QR code to one session only, so that no other session can use it."""

    __tablename__ = "pending_enrolment"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE_WITH_SESSION,
        expires="expires_at",
        on_restore=OnRestore.DISCARD,
        sealed=Sealed("sealed_secret", "pending|{row.id}|{row.session_id}"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("auth_session.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
