"""The table of forms that wait until their session has a recent code."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Sealed, SealedRow, Table


class HeldForm(SealedRow, Table):
    """A form as it was sent, without passwords and codes: at most one for each session.

    The seal context names the user, not the session, because the form moves on to the session with the code.
    """

    __tablename__ = "held_form"
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE_WITH_SESSION,
        expires="expires_at",
        on_restore=OnRestore.DISCARD,
        sealed=Sealed("sealed_form", "form|{row.id}|{row.user_id}"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("auth_session.id", ondelete="CASCADE"), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    sealed_form: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
