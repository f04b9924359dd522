"""The table of outgoing mail, written in the same transaction as the change that each mail reports."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Sealed, SealedRow, Table
from mfa_app.models.partial_index import only_where

SENT_MAILS_KEPT = timedelta(days=30)
FAILED_MAILS_KEPT = timedelta(days=30)  # from when they were written


class OutboxMail(SealedRow, Table):
    """One mail. Its contents may hold a link into an account, so they are sealed, and deleted once sent.

    `user_id` is that of the user it is to. `next_attempt_at` is empty once it has left or failed for good.
    `recipient_refused`: the last attempt failed because of this recipient, not because of the mail server.
    """

    __tablename__ = "outbox_mail"
    fate: ClassVar[Fate] = Fate(
        expires="sent_at",
        kept_for=SENT_MAILS_KEPT,
        on_restore=OnRestore.DISCARD_PENDING,
        sealed=Sealed("sealed_context", "mail|{row.id}"),
    )
    __table_args__ = (
        Index("ix_outbox_mail_unsent", "created_at", **only_where("sent_at IS NULL")),
        Index(
            "ix_outbox_mail_failed",
            *("created_at", "id"),
            **only_where("sent_at IS NULL AND last_error IS NOT NULL"),
        ),
        Index("ix_outbox_mail_sent", "created_at", **only_where("sent_at IS NOT NULL")),
        Index("ix_outbox_mail_test", "to", "created_at", **only_where("template = 'test'")),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    to: Mapped[str] = mapped_column(String(320))
    user_id: Mapped[int | None] = mapped_column()
    template: Mapped[str] = mapped_column(String(40))
    sealed_context: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(300))
    recipient_refused: Mapped[bool] = mapped_column(default=False, server_default=false())
