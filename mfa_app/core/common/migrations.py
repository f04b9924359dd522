"""How a database is brought to another migration, and which migrations older versions can go on with."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine, delete, insert, inspect
from sqlalchemy.engine import Connection

from mfa_app.core.common import schema
from mfa_app.extensions import db
from mfa_app.models import SchemaSupport

# If two processes migrate at once, the second waits here and then finds nothing to do.
ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7403218)"}

_scripts = ScriptDirectory(str(schema.MIGRATIONS))


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that may migrate, one at a time; commit at the end."""
    with engine.connect() as connection:
        connection.detach()  # nobody else may get this connection while its foreign keys are off
        if engine.name == "sqlite":  # a table is rebuilt by dropping it, which must not cascade
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.rollback()
        with connection.begin():
            connection.exec_driver_sql(ONE_AT_A_TIME[engine.name])
            yield connection
            _note_oldest(connection)


def upgrade(connection: Connection, to: str | None) -> None:
    """Run the migrations up to this one, or to the newest, in the transaction of the connection."""
    target = to or schema.newest()
    environment = EnvironmentContext(
        Config(),
        _scripts,
        fn=lambda present, _context: _scripts._upgrade_revs(target, present),  # as Alembic's own command does
        destination_rev=target,
    )
    with environment:
        environment.configure(connection=connection, target_metadata=db.metadata)
        environment.run_migrations()


def why_contracts(script: Script) -> str | None:
    """Return why nodes with the code before a migration must be stopped, or None if it only expands."""
    why: str | None = getattr(script.module, "contracts", "It does not say whether it only expands.")
    return why


def contractions_after(present: str) -> list[str]:
    """Return why nodes must be stopped whose code is at this migration, before the database gets the newest.

    The sentences are for engineers, in English.
    """
    later = _scripts.iterate_revisions("head", present)
    return [why for script in later if (why := why_contracts(script))]


def _oldest_supported(present: str) -> str:
    """Return the newest migration up to this one that contracts, else the first: code without it fails."""
    earlier = list(_scripts.iterate_revisions(present, "base"))
    return next((script for script in earlier if why_contracts(script)), earlier[-1]).revision


def _note_oldest(connection: Connection) -> None:
    """Note for older versions, which don't know the newest migrations, whether they can go on working."""
    present = schema.revision(connection)
    if present is None or not inspect(connection).has_table(SchemaSupport.__tablename__):
        return
    row = {"id": 1, "revision": present, "oldest": _oldest_supported(present)}
    connection.execute(delete(SchemaSupport))
    connection.execute(insert(SchemaSupport).values(**row))
