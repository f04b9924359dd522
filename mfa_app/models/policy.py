"""The rule that a group, or the whole site, carries."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table


class RuleColumns:
    """A 2FA rule: required or not, from when, days of grace, and days a device is remembered.

    `passkey_only`: codes don't count. `passkey_alone`: a passkey needs no password beside it.

    `required_since` is when it was last switched on, `passkey_since` when it began to want a passkey.
    `mail_text` is a paragraph in the emails of the rule. `rule_version` goes up with each change of the rule,
    so that a change can name the rule it was made for.
    """

    required: Mapped[bool] = mapped_column(default=False)
    required_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    required_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grace_days: Mapped[int] = mapped_column(default=0)
    remember_days: Mapped[int] = mapped_column(default=30)
    passkey_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    passkey_alone: Mapped[bool] = mapped_column(default=False, server_default=false())
    passkey_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_text: Mapped[str | None] = mapped_column(String(1000))
    rule_version: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class SitePolicy(RuleColumns, Table):
    """The rule for everyone: a single row, created by the first migration.

    Changes that must not run concurrently raise `revision` first (see core/common/locks). That
    makes this row their common lock on both databases.
    """

    __tablename__ = "site_policy"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    revision: Mapped[int] = mapped_column(default=0)
