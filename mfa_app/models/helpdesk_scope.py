"""The groups that a help desk looks after."""

from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Table


class HelpdeskScope(Table):
    """A group whose members this user of the help desk sees and helps. It counts while `User.help_limited`.

    The rows go with the user and with the group.
    """

    __tablename__ = "helpdesk_scope"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (Index("ix_helpdesk_scope_group_id", "group_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), primary_key=True)
