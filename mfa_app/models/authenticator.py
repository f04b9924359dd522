"""The tables of users' authenticators and of enrolments in progress."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Sealed, SealedRow, Table


class Authenticator(SealedRow, Table):
    """An enrolled authentication app, stored only after a code has proved it. A user may have several.

    `name` is what its user calls it, None if there was no need for a name yet. `last_step` is the time step
    of the last accepted code (RFC 6238). `spent_step` is one that is never accepted, because a refusal has
    told that its code will be right then. `issuer` is the name that the app shows the codes under: the
    site's when it was linked. None if unknown.
    """

    __tablename__ = "authenticator"
    fate: ClassVar[Fate] = Fate(sealed=Sealed("sealed_secret", "totp|{row.id}|{row.user_id}"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None] = mapped_column(String(60))
    sealed_secret: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(String(200))
    last_step: Mapped[int] = mapped_column()
    spent_step: Mapped[int | None] = mapped_column()
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)


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
