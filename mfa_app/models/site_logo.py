"""The table of the site's logo, as it was redrawn from what an administrator sent."""

from typing import ClassVar

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Table


class SiteLogo(Table):
    """One picture, a PNG. `site_setting` says which one counts; the one before it stays for open pages.

    `version` is the beginning of its SHA-256, and part of its address.
    """

    __tablename__ = "site_logo"
    fate: ClassVar[Fate] = Fate()

    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    picture: Mapped[bytes] = mapped_column(LargeBinary)
