"""The table of leases: which process runs a job now, and when the job is due again."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, OnRestore, Table


class Lease(Table):
    """What only one process of all nodes may do at a time. Both times are those of the database server.

    It is held until `held_until`, by `owner`; afterwards `owner` is who held it last. A row whose name begins
    with `node ` says instead that a node runs, and its `owner` is the schema that its code knows.
    """

    __tablename__ = "lease"
    fate: ClassVar[Fate] = Fate(on_restore=OnRestore.DISCARD)

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    held_until: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
