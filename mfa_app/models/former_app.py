"""The table of apps that no longer count, so that a code of one can be told from a wrong code."""

import enum
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Sealed, SealedRow, Table


class Ending(enum.StrEnum):
    """Why an app no longer counts."""

    REMOVED = "removed"
    REPLACED = "replaced"
    REMOVED_FOR_USER = "removed for the user"
    RESET = "reset"
    STARTED_OVER = "started over"  # its QR code was shown, but another one has taken its place


class FormerApp(SealedRow, Table):
    """The secret of an app that no longer counts. It opens nothing: no code is accepted by it.

    `name` and `issuer` are those of the app. `since` is when it was linked; one that never was has no
    name, and began when it ended.
    """

    __tablename__ = "former_app"
    fate: ClassVar[Fate] = Fate(
        expires="ended_at",
        kept_for=timedelta(days=90),
        on_restore=OnRestore.DISCARD,
        sealed=Sealed("sealed_secret", "former|{row.id}|{row.user_id}"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None] = mapped_column(String(60))
    issuer: Mapped[str | None] = mapped_column(String(200))
    sealed_secret: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ending: Mapped[str] = mapped_column(String(20))
