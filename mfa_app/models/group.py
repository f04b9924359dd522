"""Groups, and who is a member of which."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table
from mfa_app.models.policy import RuleColumns


class Group(RuleColumns, Table):
    """A named set of users with its own rule."""

    __tablename__ = "user_group"
    fate: ClassVar[Fate] = Fate()

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Membership(Table):
    """A user's membership of a group since `joined_at`. Without that time there is no grace.

    Triggers keep `email_key` and `linked` as the user has them, so that an index has the members in order.
    """

    __tablename__ = "membership"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (
        Index("ix_membership_group_id_user_id", "group_id", "user_id"),
        Index("ix_membership_group_id_email_key", "group_id", "email_key"),
        Index("ix_membership_group_id_linked_email_key", "group_id", "linked", "email_key"),
        Index("ix_membership_group_id_linked_joined_at", "group_id", "linked", "joined_at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), primary_key=True)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email_key: Mapped[str | None] = mapped_column(String(320))
    linked: Mapped[bool] = mapped_column(default=False, server_default=false())
