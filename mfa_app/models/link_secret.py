"""The table of what lets people link an app after a reset, besides their password."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, Table
from mfa_app.models.user import LinkProof


class LinkSecret(Table):
    """An access pass or a code by email, of which only a hash is kept. It is gone once it has been used.

    A user has one of each kind. A restored backup would bring back those that were used or replaced since, so
    it drops them all.
    """

    __tablename__ = "link_secret"
    __table_args__ = (UniqueConstraint("user_id", "kind", name="uq_link_secret_user_id_kind"),)
    fate: ClassVar[Fate] = Fate(
        on_revocation=OnRevocation.DELETE, expires="expires_at", on_restore=OnRestore.DISCARD
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    kind: Mapped[LinkProof] = mapped_column(String(20))
    secret_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
