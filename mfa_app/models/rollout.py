"""The tables of a roll-out: reminders and mails of rules on their way, and how far it had come each day."""

from datetime import date, datetime, timedelta
from typing import ClassVar

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Table


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


class MailPass(Table):
    """A mail on its way to everyone under a rule. `about` is the mail, the rule and its date.

    `after_id` is the last user that was read; None once all were. It is kept as long as the notices.
    """

    __tablename__ = "mail_pass"
    fate: ClassVar[Fate] = Fate(expires="begun_at", kept_for=timedelta(days=365))

    about: Mapped[str] = mapped_column(String(120), primary_key=True)
    after_id: Mapped[int | None] = mapped_column()
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RolloutDay(Table):
    """How far the members of a group, or all people (no group), had come when a day ended: see `bars.Bar`."""

    __tablename__ = "rollout_day"
    fate: ClassVar[Fate] = Fate(expires="taken_at", kept_for=timedelta(days=371))
    __table_args__ = (Index("ix_rollout_day_group_id_day", "group_id", "day"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    people: Mapped[int] = mapped_column()
    logged_in: Mapped[int] = mapped_column()
    seen: Mapped[int] = mapped_column()
    linked: Mapped[int] = mapped_column()
    used: Mapped[int] = mapped_column()
