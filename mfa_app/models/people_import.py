"""The tables of imports of people: each file with what it is to do, and what each of its rows does."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime, new_id
from mfa_app.models.fate import Fate, OnRestore, Table


class PeopleImport(Table):
    """A file of people, how it is meant, whose it is, and how far it has come.

    `state`, `mode` and the keys of `counts` are those of core/imports. `columns` are the headings that were
    found, by their meaning; `ignored` the others. `creates` are the keys of groups that saving creates: any
    other group that is missing then has gone since. `rows_done` of about `rows_all` rows have been read.
    `refusal` has the facts of the refusal that ended it. `worker` is the process that reads or saves it now.
    With `spares_leavers` the people whom the file does not name were shown, and keep their accounts.
    New people up to the position `invited_up_to` have been invited; None if nobody waits for that.
    The other columns describe the actor at the upload, or when they asked to save it.
    """

    __tablename__ = "people_import"
    fate: ClassVar[Fate] = Fate(
        expires="created_at", kept_for=timedelta(days=30), on_restore=OnRestore.DISCARD
    )
    __table_args__ = (Index("ix_people_import_created_at", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    file_name: Mapped[str] = mapped_column(String(200))
    file: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    ignored: Mapped[list[str]] = mapped_column(JSON)

    mode: Mapped[str] = mapped_column(String(20))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("user_group.id", ondelete="SET NULL"), index=True)
    leavers: Mapped[bool] = mapped_column()
    create_groups: Mapped[bool] = mapped_column()
    invite: Mapped[bool] = mapped_column()
    spares_leavers: Mapped[bool] = mapped_column(default=False)

    rows_done: Mapped[int] = mapped_column(default=0)
    rows_all: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    creates: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    worker: Mapped[str | None] = mapped_column(String(32))
    invited_up_to: Mapped[int | None] = mapped_column()

    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column()
    actor_name: Mapped[str] = mapped_column(String(320))
    actor_role: Mapped[str | None] = mapped_column(String(20))
    actor_stamp: Mapped[int | None] = mapped_column()
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))


class ImportRow(Table):
    """What a row of a file does, or what becomes of somebody whom the file does not name (`line` is 0).

    `outcome` and `problem` are those of core/imports/plan, and `about` is what the problem is about. From
    `email` to `directory_number` are the values that the person is to have; `was_...` are what the account
    had when the file was compared with it. `joins` are the names of groups that the person joins, by their
    keys. `words` are the search words, if they change.
    """

    __tablename__ = "import_row"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (
        Index("ix_import_row_import_id_outcome_position", "import_id", "outcome", "position"),
        {"sqlite_with_rowid": False},
    )

    import_id: Mapped[str] = mapped_column(
        ForeignKey("people_import.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column()
    outcome: Mapped[str] = mapped_column(String(20))
    problem: Mapped[str | None] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column()

    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(String(600))
    role: Mapped[str] = mapped_column(String(20))
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    directory_number: Mapped[str | None] = mapped_column(String(40))

    was_name: Mapped[str | None] = mapped_column(String(300))
    was_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    was_directory_number: Mapped[str | None] = mapped_column(String(40))

    joins: Mapped[dict[str, str]] = mapped_column(JSON)
    words: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
