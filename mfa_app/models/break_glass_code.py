"""The table of break-glass codes: how an administrator gets in who has nothing but the password."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Table


class BreakGlassCode(Table):
    """A break-glass code of the site, of which only a hash is kept. It belongs to nobody.

    A restored backup would bring back codes that were used or replaced since, so it drops them all.
    """

    __tablename__ = "break_glass_code"
    fate: ClassVar[Fate] = Fate(on_restore=OnRestore.DISCARD)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
