"""The table of mails that are sent once to each person, so that none is sent twice."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table


class Notice(Table):
    """That a user was told something: `kind` is the mail, `about` what is said once, such as a day."""

    __tablename__ = "notice"
    fate: ClassVar[Fate] = Fate(expires="sent_at", kept_for=timedelta(days=365))

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    about: Mapped[str] = mapped_column(String(80), primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
