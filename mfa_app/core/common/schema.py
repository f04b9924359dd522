"""Which migration a database is at, how it is brought to another, and whether it holds sealed secrets."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, inspect, make_url, select
from sqlalchemy.engine import Connection

from mfa_app.extensions import db
from mfa_app.models import TABLES
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
