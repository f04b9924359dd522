"""The table that says which older versions of the code can still use the database."""

from typing import ClassVar

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Table


class SchemaSupport(Table):
    """A single row, written by whoever migrates: code that knows the migration `oldest` works.

    It holds only while the database is at the migration `revision`.
    """

    __tablename__ = "schema_support"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    revision: Mapped[str] = mapped_column(String(32))
    oldest: Mapped[str] = mapped_column(String(32))
