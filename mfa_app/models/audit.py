"""The tables of the audit trail: rows written once and never changed, and the head of their chain."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table


class AuditEvent(Table):
    """Who did what to whom, when and from where. Names are copied, so the trail outlives the accounts.

    `mac` covers this row and, through `previous`, every row before it; see core/audit/chain. On both
    databases, triggers reject UPDATE and DELETE, and an INSERT that would overwrite an existing row.
    """

    __tablename__ = "audit_event"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (
        Index("ix_audit_event_subject_id_id", "subject_id", "id"),
        Index("ix_audit_event_actor_id_id", "actor_id", "id"),
        Index("ix_audit_event_event_id", "event", "id"),
        Index("ix_audit_event_lower_actor_name", text("lower(actor_name)"), "id"),
        Index("ix_audit_event_lower_subject_name", text("lower(subject_name)"), "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    event: Mapped[str] = mapped_column(String(40))
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column()
    actor_name: Mapped[str] = mapped_column(String(320))
    subject_id: Mapped[int | None] = mapped_column()
    subject_name: Mapped[str] = mapped_column(String(320))
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class TrailHead(Table):
    """The number and the MAC of the trail's last row: a single row, created by the first migration.

    `streamed_up_to` is the number up to which command-line events have been streamed to the log; see
    core/audit/stream.
    """

    __tablename__ = "trail_head"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    last: Mapped[int] = mapped_column()
    mac: Mapped[str] = mapped_column(String(64))
    streamed_up_to: Mapped[int] = mapped_column()
