"""Secrets of the installation itself, sealed like those of people."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.extensions import db


class SealedValue(db.Model):
    """A secret by its name: the key of the audit trail."""

    __tablename__ = "sealed_value"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)

    @property
    def seal_context(self) -> str:
        """The place for which the secret is sealed."""
        return f"installation|{self.name}"
