"""A verb that refuses has changed nothing: only what records the refusal itself is written.

Every answer below 500 commits, so a verb checks everything before it writes.
"""

import ast
import inspect
import re
from collections.abc import Iterator

import pytest

from mfa_app.core.common.errors import Interruption, Refusal
from mfa_app.extensions import db
from tests.support.refusals import (
    administration,
    break_glass,
    codes,
    helpdesk,
    link_proofs,
    operations,
    passkeys,
    passwords,
)
from tests.support.refusals.table import Case, name_of
from tests.support.tables import Rows, all_rows
from tests.support.verbs import CORE, is_verb
from tests.support.world import World

# Locking administration counts the row's revision up; nobody reads it.
LOCKS = {"site_policy": "revision"}
TABLES = (administration, passwords, codes, break_glass, passkeys, helpdesk, link_proofs, operations)
CASES = [row for table in TABLES for row in table.ROWS]


@pytest.mark.parametrize("row", CASES, ids=str)
def test_a_refusal_changes_only_what_records_it(world: World, row: Case) -> None:
    with world.app.app_context():
        act = row.arrange(world)
        db.session.commit()
        before = all_rows(db.engine)
        with pytest.raises(row.refusal) as refused:
            act()
        db.session.commit()  # as after every answer below 500
        after = all_rows(db.engine)
    assert refused.type is row.refusal
    assert changed_counters(before, after) == row.charges
    assert new_events(before, after) == row.events
    assert changed_tables(before, after) == row.also


def rows_of(rows: Rows, name: str) -> list[dict[str, object]]:
    """Return the rows of a table, without the column that only locks."""
    (found,) = (content for table, content in rows.items() if table.name == name)
    return [{key: value for key, value in row.items() if key != LOCKS.get(name)} for row in found]


def changed_counters(before: Rows, after: Rows) -> set[str]:
    """Return the names of the limits of which a counter was changed, added or deleted."""
    old, new = ({str(row["key"]): row for row in rows_of(rows, "throttle")} for rows in (before, after))
    return {key.partition(":")[0] for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def new_events(before: Rows, after: Rows) -> tuple[object, ...]:
    """Return the events that were added to the trail; its earlier rows are as they were."""
    old, new = rows_of(before, "audit_event"), rows_of(after, "audit_event")
    assert new[: len(old)] == old
    assert (rows_of(before, "trail_head") != rows_of(after, "trail_head")) == (len(new) > len(old))
    return tuple(row["event"] for row in new[len(old) :])


def changed_tables(before: Rows, after: Rows) -> set[str]:
    """Return the names of all other tables in which something is different."""
    names = {table.name for table in before if before[table] != after[table]}
    others = names - {"throttle", "audit_event", "trail_head"}
    return {name for name in others if rows_of(before, name) != rows_of(after, name)}


def subclasses(parent: type[Exception]) -> Iterator[type[Exception]]:
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


def test_every_refusal_is_in_the_table() -> None:
    known = {*subclasses(Refusal), *subclasses(Interruption)}
    assert not known - {row.refusal for row in CASES}


def documented() -> set[tuple[str, str]]:
    """Return each public verb of core (a function that takes `actor=`) with each error that it documents."""
    known = {error.__name__ for error in subclasses(Exception) if error.__module__.startswith("mfa_app.")}
    found = set()
    for path in CORE.rglob("*.py"):
        module = ".".join(path.relative_to(CORE).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and is_verb(node):
                _, _, raises = (ast.get_docstring(node) or "").partition("Raises")
                found |= {(f"{module}.{node.name}", name) for name in set(re.findall(r"\w+", raises)) & known}
    return found


def test_every_error_that_a_verb_documents_is_in_the_table() -> None:
    missing = documented() - {(name_of(row.verb), row.refusal.__name__) for row in CASES}
    assert not missing, f"Add a row for each: {sorted(missing)}"


def test_every_error_in_the_table_is_documented() -> None:
    silent = {
        (name_of(row.verb), row.refusal.__name__)
        for row in CASES
        if row.refusal.__name__ not in (inspect.getdoc(row.verb) or "").partition("Raises")[2]
    }
    assert not silent, f"Say it in the docstring: {sorted(silent)}"
