"""A migration says whether older nodes can go on working, that is true, and who migrates notes it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from mfa_app.core.common import migrations, schema
from mfa_app.core.common.migrations import why_contracts
from mfa_app.core.common.schema_objects import scratch
from mfa_app.extensions import db
from mfa_app.models import SchemaSupport
from tests.support.databases import both_databases
from tests.support.expansion import Shape, harms, shape_of

SCRIPTS = list(reversed(list(migrations._scripts.walk_revisions())))

HARMLESS = (
    "ALTER TABLE user_account ADD COLUMN future VARCHAR(9)",
    "ALTER TABLE user_account ADD COLUMN future INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX ix_future ON user_account (created_at)",
    "CREATE INDEX ix_future ON user_account (lower(name))",
    "DROP INDEX ix_auth_session_expires_at",
    "CREATE TABLE future (id INTEGER, FOREIGN KEY(id) REFERENCES user_account (id) ON DELETE CASCADE)",
    "CREATE TABLE future (id INTEGER NOT NULL PRIMARY KEY)",
)
HARMFUL = (
    "DROP TABLE search_word",
    "ALTER TABLE user_account RENAME COLUMN name TO full_name",
    "ALTER TABLE user_account DROP COLUMN exempt_by",
    "CREATE UNIQUE INDEX uq_future ON user_account (name_key)",
    "CREATE TABLE future (id INTEGER, FOREIGN KEY(id) REFERENCES user_account (id))",
)
HARMFUL_ON_SQLITE = ("DROP TRIGGER audit_event_refuses_delete",)
HARMFUL_ON_POSTGRESQL = (
    "ALTER TABLE user_account ALTER COLUMN exempt_by SET NOT NULL",
    "ALTER TABLE user_account ALTER COLUMN name TYPE VARCHAR(10)",
    "ALTER TABLE user_account ADD CHECK (name <> '')",
    "DROP TRIGGER audit_event_is_final ON audit_event",
)


@contextmanager
def empty_database(app: Flask) -> Iterator[Connection]:
    """An empty database of the kind that the application uses."""
    with app.app_context(), db.engine.connect() as connection, scratch(connection) as empty:
        yield empty


def harm_of(empty: Connection, before: Shape, statement: str) -> list[str]:
    savepoint = empty.begin_nested()
    empty.execute(text(statement))
    found = harms(before, shape_of(empty))
    savepoint.rollback()
    return found


def test_the_names_of_the_files_say_which_migrations_there_are() -> None:
    assert [script.revision for script in SCRIPTS] == schema._REVISIONS
    assert migrations._scripts.get_heads() == [schema.newest()]


@both_databases
def test_a_migration_that_says_it_only_expands_does(app: Flask) -> None:
    with empty_database(app) as empty:
        before = shape_of(empty)
        for script in SCRIPTS:
            migrations.upgrade(empty, script.revision)
            after = shape_of(empty)
            found = harms(before, after)
            why = why_contracts(script)
            assert not found or why, f"{script.revision} says that it only expands, but {found}"
            before = after


@both_databases
def test_what_would_harm_an_older_node_is_noticed(app: Flask, backend: str) -> None:
    also = HARMFUL_ON_SQLITE if backend == "sqlite" else HARMFUL_ON_POSTGRESQL
    with empty_database(app) as empty:
        migrations.upgrade(empty, None)
        before = shape_of(empty)
        for statement in HARMLESS:
            assert harm_of(empty, before, statement) == [], statement
        for statement in HARMFUL + also:
            assert harm_of(empty, before, statement), statement


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_each_migration_says_whether_it_only_expands(script: object) -> None:
    assert hasattr(script.module, "contracts"), "Say `contracts = None`, or why older nodes must be stopped."  # type: ignore[attr-defined]
    why = script.module.contracts  # type: ignore[attr-defined]
    assert why is None or (why[0].isupper() and why.endswith(".")), "Say it in a sentence."


@both_databases
def test_who_migrates_notes_the_last_migration_that_contracts(app: Flask) -> None:
    last = [script.revision for script in SCRIPTS if why_contracts(script)][-1]
    with app.app_context():
        assert db.session.get_one(SchemaSupport, 1).oldest == last
        assert db.session.get_one(SchemaSupport, 1).revision == schema.newest()
