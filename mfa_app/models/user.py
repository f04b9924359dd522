"""People, groups, who is in which, and the rule that a group (or the whole site) carries."""

import enum
from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.extensions import db
from mfa_app.models.types import UtcDateTime


class Role(enum.StrEnum):
    """What a person may do on this site; see core/permissions."""

    STAFF = "staff"
    HELPDESK = "helpdesk"
    ADMIN = "admin"


class User(UserMixin, db.Model):
    """A person with an account."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(String(600), index=True)
    role: Mapped[Role] = mapped_column(String(20), default=Role.STAFF, index=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stamp: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    required: Mapped[bool] = mapped_column(default=False)
    exempt_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exempt_reason: Mapped[str | None] = mapped_column(Text)
    exempt_by: Mapped[str | None] = mapped_column(String(320))

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


class RuleColumns:
    """A rule: is 2FA required, from when, after how many days of grace; days that a device is remembered.

    `required_since` is when it was last switched on.
    """

    required: Mapped[bool] = mapped_column(default=False)
    required_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    required_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grace_days: Mapped[int] = mapped_column(default=0)
    remember_days: Mapped[int] = mapped_column(default=30)


class Group(RuleColumns, db.Model):
    """A named set of people with a rule of its own."""

    __tablename__ = "user_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SitePolicy(RuleColumns, db.Model):
    """The rule for everyone: one row, made by the first migration.

    `revision` is raised first by every change that must not run beside another of its kind
    (see core/accounts): the row is their common lock on both databases.
    """

    __tablename__ = "site_policy"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    revision: Mapped[int] = mapped_column(default=0)


class Membership(db.Model):
    """A person is in a group since `joined_at`; without that moment there is no grace."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_group_id_user_id", "group_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), primary_key=True)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
