"""Give tables, columns and their constraints the names that the code uses; all rows stay."""

from collections.abc import Callable
from dataclasses import dataclass

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

contracts = "It renames tables and columns that the code before it reads."

COLUMNS = (
    ("user_account", "stamp", "security_stamp"),
    ("auth_session", "stamp", "security_stamp"),
    ("auth_session", "address", "ip_address"),
    ("audit_event", "address", "ip_address"),
    ("trail_head", "told", "streamed_up_to"),
    ("authenticator", "by_choice", "opted_in"),
    ("authenticator", "linked_at", "enrolled_at"),
    ("authenticator", "stopped_at", "locked_at"),
    ("trusted_device", "stamp", "security_stamp"),
    ("trusted_device", "address", "ip_address"),
    ("link", "stamp", "security_stamp"),
)
TABLES = (
    ("trusted_device", "remembered_device"),
    ("link", "one_time_link"),
    ("pending_link", "pending_enrolment"),
)


@dataclass(frozen=True)
class Key:
    """What the name of a constraint is made of: its table's name, columns, and where it points."""

    table: str
    column: str
    to: str = ""
    ondelete: str = ""

    def name(self, kind: str, table: str, to: str = "") -> str:
        return f"{kind}_{table}_{self.column}" + (f"_{to}" if to else "")


UNIQUE = (
    Key("remembered_device", "digest"),
    Key("one_time_link", "digest"),
    Key("pending_enrolment", "session_id"),
)
FOREIGN = (
    Key("remembered_device", "user_id", "user_account", "CASCADE"),
    Key("one_time_link", "user_id", "user_account", "CASCADE"),
    Key("pending_enrolment", "session_id", "auth_session", "CASCADE"),
    Key("auth_session", "device_id", "remembered_device", "SET NULL"),
)
INDEXES = (
    Key("remembered_device", "expires_at"),
    Key("remembered_device", "user_id"),
    Key("one_time_link", "expires_at"),
    Key("one_time_link", "user_id"),
)


def upgrade() -> None:
    for table, old, new in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for old, new in TABLES:
        op.rename_table(old, new)
    _rename_constraints({new: old for old, new in TABLES}, {})


def downgrade() -> None:
    _rename_constraints({}, {new: old for old, new in TABLES})
    for old, new in TABLES:
        op.rename_table(new, old)
    for table, old, new in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")


def _rename_constraints(before: dict[str, str], after: dict[str, str]) -> None:
    """Rename what has a table's name in its own; `before` and `after` map today's table names to others."""

    def names(kind: str, key: Key) -> tuple[str, str]:
        was, becomes = (
            key.name(kind, tables.get(key.table, key.table), tables.get(key.to, key.to))
            for tables in (before, after)
        )
        return was, becomes

    for key in INDEXES:
        was, becomes = names("ix", key)
        op.drop_index(was, key.table)
        op.create_index(becomes, key.table, [key.column])
    if op.get_bind().dialect.name == "postgresql":
        _rename_in_place([(key.table, *names("uq", key)) for key in UNIQUE])
        _rename_in_place([(key.table, *names("fk", key)) for key in FOREIGN])
        _rename_in_place(
            [(new, f"pk_{before.get(new, new)}", f"pk_{after.get(new, new)}") for _old, new in TABLES]
        )
    else:
        for table in (*(new for _old, new in TABLES), "auth_session"):
            _rebuild(table, f"pk_{after.get(table, table)}", names)


def _rename_in_place(constraints: list[tuple[str, str, str]]) -> None:
    for table, was, becomes in constraints:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {was} TO {becomes}")


def _rebuild(table: str, primary_key: str, names: Callable[[str, Key], tuple[str, str]]) -> None:
    """Copy a table of SQLite, which cannot rename a constraint, into one with the new names."""
    with op.batch_alter_table(table, recreate="always") as batch:
        for key in (key for key in UNIQUE if key.table == table):
            was, becomes = names("uq", key)
            batch.drop_constraint(was, type_="unique")
            batch.create_unique_constraint(becomes, [key.column])
        for key in (key for key in FOREIGN if key.table == table):
            was, becomes = names("fk", key)
            batch.drop_constraint(was, type_="foreignkey")
            batch.create_foreign_key(becomes, key.to, [key.column], ["id"], ondelete=key.ondelete)
        batch.create_primary_key(primary_key, ["id"])
