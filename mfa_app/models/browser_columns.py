"""The columns that sessions and remembered devices share."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id


class BrowserColumns:
    """Columns shared by sessions and remembered devices: token digest, IP address, user agent, lifetime.

    A row is valid only while `security_stamp` equals its user's `security_stamp`.
    """

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    security_stamp: Mapped[int] = mapped_column()
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
