"""What a database is made of, object by object, held against what the migrations make."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import StaticPool, create_engine, text
from sqlalchemy.engine import Connection

from mfa_app.core.common import migrations

SCRATCH = "second_gate_scratch"

Objects = dict[str, str]  # the definition of each object, by its kind and name

# What the migrations make: a database of the same kind gets the same from them each time.
_migrated: dict[tuple[object, ...], Objects] = {}

_ON_SQLITE = text(
    "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~'"
)

# NOT NULL is read at the column: newer servers also keep it as a constraint, under a name of their own.
_ON_POSTGRESQL = text("""
    WITH here AS (SELECT current_schema()::regnamespace::oid AS id),
         ours AS (SELECT * FROM pg_class WHERE relnamespace = (SELECT id FROM here) AND oid NOT IN (
                  SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e'))
    SELECT CASE WHEN relkind IN ('v', 'm') THEN 'view ' ELSE 'table ' END || relname,
           format('%s %s', relkind, relrowsecurity) FROM ours WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL SELECT format('column %s.%s', relname, attname), format('%s %s %s', format_type(atttypid,
           atttypmod), attnotnull, (SELECT pg_get_expr(adbin, adrelid, true) FROM pg_attrdef
           WHERE adrelid = attrelid AND adnum = attnum))
      FROM pg_attribute JOIN ours ON ours.oid = attrelid
      WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')
    UNION ALL SELECT format('constraint %s.%s', relname, conname),
           pg_get_constraintdef(pg_constraint.oid, true)
      FROM pg_constraint JOIN ours ON ours.oid = conrelid WHERE contype <> 'n'
    UNION ALL SELECT 'index ' || relname, pg_get_indexdef(ours.oid, 0, true) FROM ours WHERE relkind = 'i'
    UNION ALL SELECT format('trigger %s.%s', relname, tgname), format('%s %s', tgenabled,
           pg_get_triggerdef(pg_trigger.oid, true))
      FROM pg_trigger JOIN ours ON ours.oid = tgrelid WHERE NOT tgisinternal
    UNION ALL SELECT format('rule %s.%s', relname, rulename), pg_get_ruledef(pg_rewrite.oid, true)
      FROM pg_rewrite JOIN ours ON ours.oid = ev_class WHERE relkind IN ('r', 'p')
    UNION ALL SELECT 'function ' || proname, prosrc FROM pg_proc
      WHERE pronamespace = (SELECT id FROM here) AND oid NOT IN (
            SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype = 'e')
""")


class Deviation(enum.Enum):
    """How an object differs from what the migrations make."""

    MISSING = enum.auto()
    CHANGED = enum.auto()
    FOREIGN = enum.auto()


@dataclass(frozen=True)
class Difference:
    """An object of a database, such as "trigger audit_event_refuses_update", and what is wrong with it."""

    name: str
    deviation: Deviation


def first_difference(connection: Connection, revision: str) -> Difference | None:
    """Compare the database with what the migrations make up to this one; None if nothing differs.

    Tables, columns, constraints, indexes, triggers, views and functions are compared. Those of PostgreSQL's
    extensions don't count.
    """
    present, right = objects_of(connection), _as_migrated(connection, revision)
    whole_things_first = sorted(right.keys() | present.keys(), key=lambda name: (name[:5] != "table", name))
    for name in whole_things_first:
        if name not in present:
            return Difference(name, Deviation.MISSING)
        if name not in right:
            return Difference(name, Deviation.FOREIGN)
        if present[name] != right[name]:
            return Difference(name, Deviation.CHANGED)
    return None


def _as_migrated(connection: Connection, revision: str) -> Objects:
    kind = connection.dialect.name, connection.dialect.server_version_info, revision
    if kind not in _migrated:
        with scratch(connection) as empty:
            migrations.upgrade(empty, revision)
            _migrated[kind] = objects_of(empty)
    return _migrated[kind]


@contextmanager
def scratch(connection: Connection) -> Iterator[Connection]:
    """Give an empty database of the same kind, which nobody else sees, and of which nothing stays."""
    if connection.dialect.name == "sqlite":
        engine = create_engine("sqlite://", poolclass=StaticPool)
        with engine.connect() as empty:
            yield empty
        engine.dispose()
        return
    savepoint = connection.begin_nested()
    connection.exec_driver_sql(f"CREATE SCHEMA {SCRATCH}")
    connection.exec_driver_sql(f"SET LOCAL search_path TO {SCRATCH}")
    try:
        yield connection
    finally:
        savepoint.rollback()


def objects_of(connection: Connection) -> Objects:
    query = _ON_SQLITE if connection.dialect.name == "sqlite" else _ON_POSTGRESQL
    return {name: _plain(str(definition)) for name, definition in connection.execute(query)}


def _plain(definition: str) -> str:
    """Return a definition with its parts in order, without quotes and with single spaces.

    SQLite writes quotes and spaces in several ways, and Alembic rebuilds a table with its constraints in any
    order.
    """
    text = " ".join(definition.translate(dict.fromkeys(map(ord, '"`[]'))).split())
    head, _opening, rest = text.partition("(")
    body, _closing, options = rest.rpartition(")")
    if not head.upper().startswith("CREATE TABLE"):
        return text
    return f"{head}({', '.join(sorted(_parts(body)))}){options}"


def _parts(body: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
