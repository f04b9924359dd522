"""The table of secrets that belong to the installation rather than to a user."""

from typing import ClassVar

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Sealed, SealedRow, Table


class SealedValue(SealedRow, Table):
    """A secret of the site, sealed, under a name: the key of the audit trail, the mail server's password."""

    __tablename__ = "sealed_value"
    fate: ClassVar[Fate] = Fate(sealed=Sealed("sealed", "installation|{row.name}"))

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
