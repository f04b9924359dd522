"""All rows of a database: looked at, compared, taken away and put back as they were."""

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, Select, Table

from mfa_app.extensions import db

Rows = dict[Table, list[dict[str, Any]]]
NUMBER_ANEW = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"


def all_rows(engine: Engine) -> Rows:
    """Return what stands in each table, in the order of its primary key.

    Most tables are empty, and one question tells which are not.
    """
    with engine.connect() as connection:
        filled = set(connection.exec_driver_sql(_which_are_filled()).scalars())
        return {
            table: [dict(row) for row in connection.execute(statement).mappings()]
            if table.name in filled
            else []
            for table, statement in _statements().items()
        }


@cache
def _which_are_filled() -> str:
    """Return the statement that names each table with a row in it."""
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")"  # noqa: S608 - our own tables
        for name in db.metadata.tables
    )


@cache
def _statements() -> dict[Table, Select[Any]]:
    """Return the SELECT for each table, made once: making one takes longer than reading a few rows."""
    return {table: table.select().order_by(*table.primary_key) for table in db.metadata.sorted_tables}


def put_back(rows: Rows, engine: Engine, *, number_anew: bool) -> None:
    """Let a PostgreSQL hold these rows and no others; `number_anew` lets the numbers of new rows begin again.

    Rows are deleted, since TRUNCATE makes new files, which takes twenty times as long. So whoever reads
    without an order may get the next rows in any.
    """
    with engine.begin() as connection:
        write(rows, connection, number_anew=number_anew)


def write(rows: Rows, connection: Connection, *, number_anew: bool) -> None:
    """Do the same within a transaction."""
    statements = ["SET LOCAL session_replication_role = replica"]  # the trail's triggers rest
    statements += [f'DELETE FROM "{table.name}"' for table in rows]  # noqa: S608 - our own tables
    statements += [NUMBER_ANEW] * number_anew
    connection.exec_driver_sql("; ".join(statements))
    for table, content in rows.items():
        if content:
            connection.execute(table.insert(), content)


def dump(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that the database holds, to compare before and after."""
    with app.app_context():
        return {
            table.name: sorted(map(tuple, db.session.execute(statement)), key=repr)
            for table, statement in _statements().items()
        }


def changed(app: Flask, act: Callable[[], object]) -> set[str]:
    """Do something; return the names of the tables in which it changed something."""
    before = dump(app)
    act()
    after = dump(app)
    return {name for name in before if before[name] != after[name]}


def changes(app: Flask, act: Callable[[], object]) -> dict[str, list[str]]:
    """Do something; return what became of the rows, by table: "added", "deleted", or each column changed."""
    with app.app_context():
        before = _by_key(all_rows(db.engine))
        act()
        after = _by_key(all_rows(db.engine))
    done: dict[str, list[str]] = {}
    for table, key in sorted(before.keys() | after.keys()):
        old, new = before.get((table, key)), after.get((table, key))
        if old is None or new is None:
            done.setdefault(table, []).append("added" if old is None else "deleted")
        elif old != new:
            done.setdefault(table, []).extend(column for column in old if old[column] != new[column])
    return done


def _by_key(rows: Rows) -> dict[tuple[str, str], dict[str, Any]]:
    """Return each row under the name of its table and its primary key."""
    return {
        (table.name, str([row[column.name] for column in table.primary_key])): row
        for table, content in rows.items()
        for row in content
    }
