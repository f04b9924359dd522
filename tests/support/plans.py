"""How a database answers a statement: which tables it reads from end to end."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from mfa_app.extensions import db
from tests.support.world import World

Sent = tuple[str, Any]

_ALIAS = re.compile(r"(?:FROM|JOIN) (\w+) AS (\w+)")
# Parts of a plan of PostgreSQL that take only as many rows as they are asked for, in the order of an index.
_IN_ORDER = {"Limit", "Nested Loop", "Index Scan", "Index Only Scan", "Subquery Scan", "Unique", "Result"}


@contextmanager
def statements_with_values(world: World) -> Iterator[list[Sent]]:
    """Give the list of the statements that are sent to the database meanwhile, with their values."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        sent.append((statement, values))

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def tables_read_whole(connection: Connection, sent: Sent) -> set[str]:
    """Return the tables that a SELECT may read from end to end, by the plan for these values."""
    read = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
    return set(read(connection, *sent))


def _on_sqlite(connection: Connection, statement: str, values: Any) -> Iterator[str]:
    aliases = {alias: table for table, alias in _ALIAS.findall(statement)}
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    steps = [row[3] for row in plan]
    in_order = "LIMIT" in statement and not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
    for step in steps:
        name = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        if name is None or (in_order and statement.count("SELECT") == 1):
            continue
        if name[2] is None or not _is_partial(connection, name[2]):
            yield aliases.get(str(name[1]), str(name[1]))


def _is_partial(connection: Connection, index: str) -> bool:
    """Return True if an index holds only some rows of its table, so that reading it whole is no scan."""
    found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index,))
    return " WHERE " in (found.scalar() or "")


def _on_postgresql(connection: Connection, statement: str, values: Any) -> Iterator[str]:
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalars()
    yield from _scans((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"], limited=False)


def _scans(node: dict[str, Any], *, limited: bool) -> Iterator[str]:
    limited = node["Node Type"] in _IN_ORDER and (limited or node["Node Type"] == "Limit")
    whole_index = node["Node Type"].startswith("Index") and "Index Cond" not in node
    partial = any(f"ix_{name}" in node.get("Index Name", "") for name in PARTIAL)
    if node["Node Type"] == "Seq Scan" or (whole_index and not limited and not partial):
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _scans(child, limited=limited)


PARTIAL = (
    "user_account_disabled",
    "user_account_locked",
    "user_account_exempt",
    "user_account_link_by",
    "user_account_factors_locked_at",
    "outbox_mail_unsent",
    "outbox_mail_sent",
    "outbox_mail_failed",
)
