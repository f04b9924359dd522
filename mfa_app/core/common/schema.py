"""Which migration a database is at, how it is brought to another, and whether it holds sealed secrets."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, delete, insert, inspect, make_url, select
from sqlalchemy.engine import Connection

from mfa_app.extensions import db
from mfa_app.models import TABLES, SchemaSupport
from mfa_app.models.connections import engine_options
from mfa_app.models.fate import OnRestore
from mfa_app.settings import PROJECT_ROOT, Settings

# Other secrets are for minutes: losing those with their keys costs a new QR code, or a mail.
LASTING_SECRETS = tuple(
    model for model in TABLES if model.fate.sealed and model.fate.on_restore is OnRestore.KEEP
)

# If two processes migrate at once, the second waits here and then finds nothing to do.
ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7403218)"}

_scripts = ScriptDirectory(str(PROJECT_ROOT / "mfa_app" / "migrations"))


class Fit(enum.Enum):
    """How a database and this version of the code fit together."""

    EXACT = enum.auto()
    OLDER = enum.auto()  # migrations are missing, or all tables
    EXPANDED = enum.auto()  # a newer version has migrated it, and this one still works
    NEWER = enum.auto()  # a newer version has migrated it, and this one does not work any more


def fit(connection: Connection) -> Fit:
    """Return how the database fits this version.

    What a newer version has added harms no older one, up to a migration that contracts (CONTRIBUTING.md). The
    newer version has noted which that was.
    """
    present = revision(connection)
    if present == newest():
        return Fit.EXACT
    if present is None or is_known(present):
        return Fit.OLDER
    oldest = _oldest_noted(connection, present)
    return Fit.EXPANDED if oldest is not None and is_known(oldest) else Fit.NEWER


def revision(connection: Connection) -> str | None:
    """Return the migration that the database is at, or None if it has no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the newest migration of this version."""
    return _scripts.get_current_head()


def is_known(revision: str) -> bool:
    """Return True if this version has the migration. If not, a newer version has migrated the database."""
    return any(script.revision == revision for script in _scripts.walk_revisions())


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
    target = to or str(newest())
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
    present = revision(connection)
    if present is None or not inspect(connection).has_table(SchemaSupport.__tablename__):
        return
    row = {"id": 1, "revision": present, "oldest": _oldest_supported(present)}
    connection.execute(delete(SchemaSupport))
    connection.execute(insert(SchemaSupport).values(**row))


def _oldest_noted(connection: Connection, present: str) -> str | None:
    if not inspect(connection).has_table(SchemaSupport.__tablename__):
        return None
    noted = select(SchemaSupport.oldest).where(SchemaSupport.revision == present)
    return connection.scalar(noted)


def holds_secrets(settings: Settings) -> bool:
    """Return True if the database holds sealed secrets, whose keys must not be replaced by new ones.

    Raises SQLAlchemyError if the database can't be reached.
    """
    url = make_url(settings.database_url)
    if url.drivername == "sqlite":
        file = settings.instance_path.resolve() / str(url.database)  # where Flask-SQLAlchemy puts the file
        if not file.exists():
            return False
        url = url.set(database=str(file))
    engine = create_engine(url, poolclass=NullPool, **engine_options(settings.database_url))
    with engine.connect() as connection:
        present = set(inspect(connection).get_table_names())
        return any(
            connection.execute(select(model.__table__).limit(1)).first() is not None
            for model in LASTING_SECRETS
            if model.__tablename__ in present
        )
