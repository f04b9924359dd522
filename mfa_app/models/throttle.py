"""The table of counters of failed attempts, shared by all workers."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table


class Throttle(Table):
    """How many attempts in a row have failed under one key, and when the next one is allowed."""

    __tablename__ = "throttle"
    fate: ClassVar[Fate] = Fate(expires="forget_at")

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int] = mapped_column()
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
