"""The table of secrets that belong to the installation rather than to a user."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.extensions import db


class SealedValue(db.Model):
    """A sealed secret under a name. Today there is one: the key of the audit trail."""

    __tablename__ = "sealed_value"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)

    @property
    def seal_context(self) -> str:
        """The seal context (AAD) of the secret."""
        return f"installation|{self.name}"
