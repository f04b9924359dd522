"""The table of recovery codes: a way through the second gate without the app."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Table


class RecoveryCode(Table):
    """A recovery code, of which only a salted hash is kept. The codes of one set share their salt.

    A restored backup would bring back codes that were used or replaced since, so it drops them all.
    """

    __tablename__ = "recovery_code"
    fate: ClassVar[Fate] = Fate(on_restore=OnRestore.DISCARD)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    salt: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
