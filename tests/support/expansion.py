"""What a migration does to code that does not know it: whether it only expands the schema."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Inspector, inspect, text, update
from sqlalchemy.engine import Connection

from mfa_app.core.common.schema_objects import SCRATCH, objects_of
from mfa_app.extensions import db
from mfa_app.models import SchemaSupport

Columns = dict[str, tuple[str, bool, str | None]]  # type, nullable, default
FOLLOWS = ("CASCADE", "SET NULL")


@dataclass(frozen=True)
class Constraint:
    """A key, a check or a unique index, and the tables and columns it is about."""

    kind: str
    table: str
    columns: tuple[str, ...]
    to: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Shape:
    """The tables of a database as code sees them that reads and writes rows."""

    tables: dict[str, Columns]
    constraints: set[Constraint]
    triggers: dict[str, str]


def shape_of(connection: Connection) -> Shape:
    """Return the shape of a database, or of the scratch schema of PostgreSQL."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        return _shape_of(connection)


def _shape_of(connection: Connection) -> Shape:
    found = inspect(connection)
    schema = SCRATCH if connection.dialect.name == "postgresql" else None
    tables = {name: _columns(columns) for name, columns in _by_table(found.get_multi_columns(schema))}
    constraints = _constraints(found, schema)
    kinds = ("trigger", "function", "rule")
    triggers = {name: text for name, text in objects_of(connection).items() if name.startswith(kinds)}
    return Shape(tables, constraints, triggers)


def harms(before: Shape, after: Shape) -> list[str]:
    """Return what code written for `before` can't cope with in `after`: nothing if that only expands it."""
    found = [f"table {name} is gone" for name in before.tables.keys() - after.tables.keys()]
    for table in before.tables.keys() & after.tables.keys():
        found += _changed(table, before.tables[table], after.tables[table])
    found += [f"{one} is gone" for one in before.constraints - after.constraints]
    found += [f"{one} is new" for one in after.constraints - before.constraints if _binds(one, before)]
    found += [
        f"{name} is not what it was"
        for name, text in before.triggers.items()
        if after.triggers.get(name) != text
    ]
    return sorted(found)


def _changed(table: str, before: Columns, after: Columns) -> list[str]:
    old = [f"{table}.{name} is not what it was" for name in before if after.get(name) != before[name]]
    new = [
        f"{table}.{name} needs a value"
        for name in after.keys() - before.keys()
        if not after[name][1] and after[name][2] is None
    ]
    return old + new


def _binds(one: Constraint, before: Shape) -> bool:
    """Return True if a new constraint can refuse a row of code that does not know it."""
    if one.table in before.tables:
        return bool(set(one.columns) & before.tables[one.table].keys()) or one.kind != "foreign key"
    return one.kind == "foreign key" and one.to in before.tables and one.rule not in FOLLOWS


def _columns(found: list[Any]) -> Columns:
    """Return the columns; how one is sorted makes no difference for what it takes."""
    return {
        column["name"]: (
            str(column["type"]).partition(" COLLATE")[0],
            column["nullable"],
            column["default"],
        )
        for column in found
    }


def _constraints(found: Inspector, schema: str | None) -> set[Constraint]:
    """Return those of all tables: PostgreSQL is asked once about each kind, not once about each table."""
    keys = {
        Constraint("foreign key", table, tuple(key["constrained_columns"]), key["referred_table"], _rule(key))
        for table, key in _each(found.get_multi_foreign_keys(schema))
    }
    checks = {
        Constraint("check", table, (), rule=check["sqltext"])
        for table, check in _each(found.get_multi_check_constraints(schema))
    }
    unique = [*_each(found.get_multi_unique_constraints(schema))]
    unique += [(table, index) for table, index in _each(found.get_multi_indexes(schema)) if index["unique"]]
    primary = {
        Constraint("primary key", table, tuple(key["constrained_columns"]))
        for table, key in _by_table(found.get_multi_pk_constraint(schema))
    }
    return keys | checks | primary | {_unique(table, found) for table, found in unique}


def _unique(table: str, found: Any) -> Constraint:
    return Constraint("unique", table, tuple(found["column_names"]))


def _by_table(found: Any) -> Iterator[tuple[str, Any]]:
    """Give each table with what was found about it."""
    return ((name, about) for (_schema, name), about in found.items() if name != "alembic_version")


def _each(found: Any) -> Iterator[tuple[str, Any]]:
    """Give each thing that was found with its table."""
    return ((name, thing) for name, things in _by_table(found) for thing in things)


def _rule(key: dict[str, Any]) -> str:
    return str(key["options"].get("ondelete", ""))


def migrate_beyond_this_version(*, oldest: str) -> None:
    """Let a newer version have added a column, and have noted which code the database still serves."""
    db.session.execute(text("ALTER TABLE user_account ADD COLUMN future VARCHAR(9)"))
    db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.session.execute(update(SchemaSupport).values(revision="9999", oldest=oldest))
    db.session.commit()
