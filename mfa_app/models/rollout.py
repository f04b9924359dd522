"""The tables of a roll-out: what each day looked like, and reminders that a job still has to send."""

from datetime import date, datetime, timedelta
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Table


class RolloutDay(Table):
    """How far the members of a group, or all people (no group), had come on a day of the company.

    The row of today is measured again every hour. Each number includes the next one but `used`: `logged_in`
    at least once, `seen` a QR code, `linked` an app or passkey, `used` it in the last 30 days.
    """

    __tablename__ = "rollout_day"
    fate: ClassVar[Fate] = Fate(expires="measured_at", kept_for=timedelta(days=730))
    __table_args__ = (Index("ix_rollout_day_group_id_day", "group_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column()
    group_id: Mapped[int | None] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"))
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    people: Mapped[int] = mapped_column()
    logged_in: Mapped[int] = mapped_column()
    seen: Mapped[int] = mapped_column()
    linked: Mapped[int] = mapped_column()
    used: Mapped[int] = mapped_column()


class ReminderRun(Table):
    """Reminders to a group, or to all (no group), on their way. `after_id` is the last user that was read."""

    __tablename__ = "reminder_run"
    fate: ClassVar[Fate] = Fate(
        expires="created_at", kept_for=timedelta(days=1), on_restore=OnRestore.DISCARD
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), index=True)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column()
    actor_name: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    after_id: Mapped[int] = mapped_column(default=0)
