"""All rows of a database, taken away and put back as they were."""

from typing import Any

from sqlalchemy import Table, text

from mfa_app.extensions import db

Rows = dict[Table, list[dict[str, Any]]]


def all_rows() -> Rows:
    """Return what stands in each table, in the order of its primary key."""
    with db.engine.connect() as connection:
        return {
            table: [
                dict(row)
                for row in connection.execute(table.select().order_by(*table.primary_key)).mappings()
            ]
            for table in db.metadata.sorted_tables
        }


def put_back(rows: Rows, *, identity: str) -> None:
    """Let a PostgreSQL hold these rows and no others.

    `identity` is RESTART or CONTINUE: the numbers of new rows begin anew, or go on.
    """
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # the trail's triggers rest
        # Fresh files also keep rows in the order in which they are written, for whoever asks without one.
        names = ", ".join(table.name for table in rows)
        connection.execute(text(f"TRUNCATE {names} {identity} IDENTITY"))
        for table, content in rows.items():
            if content:
                connection.execute(table.insert(), content)
