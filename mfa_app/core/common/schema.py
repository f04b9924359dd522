"""How far a database has come: which migration it stands at, and whether it holds secrets of people."""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, inspect, make_url, select
from sqlalchemy.engine import Connection

from mfa_app.models import Authenticator, SealedValue
from mfa_app.settings import PROJECT_ROOT, Settings

_scripts = ScriptDirectory(str(PROJECT_ROOT / "mfa_app" / "migrations"))


def revision(connection: Connection) -> str | None:
    """Return the migration at which the database stands; None if it has no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the migration at which this version's database stands."""
    return _scripts.get_current_head()


def is_known(revision: str) -> bool:
    """Say whether this version has the migration; if not, a newer version has changed the database."""
    return any(script.revision == revision for script in _scripts.walk_revisions())


def holds_secrets(settings: Settings) -> bool:
    """Say whether something is sealed in the database: then no new keys may take the place of its own.

    Raises SQLAlchemyError when the database cannot be asked.
    """
    url = make_url(settings.database_url)
    if url.drivername == "sqlite":
        file = settings.instance_path.resolve() / str(url.database)  # where Flask-SQLAlchemy puts it
        if not file.exists():
            return False
        url = url.set(database=str(file))
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        present = set(inspect(connection).get_table_names())
        return any(
            connection.execute(select(model.__table__).limit(1)).first() is not None
            for model in (SealedValue, Authenticator)
            if model.__tablename__ in present
        )
