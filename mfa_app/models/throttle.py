"""The table of counters of failed attempts, shared by all workers."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, String, and_
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table

# "C" compares bytes, as SQLite does, so that the beginning of a key is a range of the index.
_Key = String(120).with_variant(String(120, collation="C"), "postgresql")


class Throttle(Table):
    """How many attempts in a row have failed under one key, and when the next one is allowed."""

    __tablename__ = "throttle"
    fate: ClassVar[Fate] = Fate(expires="forget_at")

    key: Mapped[str] = mapped_column(_Key, primary_key=True)
    failures: Mapped[int] = mapped_column()
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def key_begins(beginning: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a key begins so, as a range of the index."""
    return and_(Throttle.key >= beginning, Throttle.key < beginning + chr(0x10FFFF))
