"""The table of what administrators have set for the site on its pages."""

from typing import ClassVar

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Table


class SiteSetting(Table):
    """One value of the site, as text. The server's own settings count for more."""

    __tablename__ = "site_setting"
    fate: ClassVar[Fate] = Fate()

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
