"""Which migration a database is at, whether this version fits it, and whether it holds sealed secrets.

The site asks this while it runs. Reading the names of the files does it without Alembic, 4 MiB of memory.
"""

import enum

from sqlalchemy import NullPool, column, create_engine, inspect, make_url, select, table
from sqlalchemy.engine import Connection

from mfa_app.models import TABLES, SchemaSupport
from mfa_app.models.connections import engine_options
from mfa_app.models.fate import OnRestore
from mfa_app.settings import PROJECT_ROOT, Settings

# Other secrets are for minutes: losing those with their keys costs a new QR code, or a mail.
LASTING_SECRETS = tuple(
    model for model in TABLES if model.fate.sealed and model.fate.on_restore is OnRestore.KEEP
)

MIGRATIONS = PROJECT_ROOT / "mfa_app" / "migrations"

# Each file is called after its migration, and the newest has the highest number.
_REVISIONS = sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))

_AT = table("alembic_version", column("version_num"))  # Alembic's own


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
    if not inspect(connection).has_table(_AT.name):
        return None
    present: str | None = connection.scalar(select(_AT.c.version_num))
    return present


def newest() -> str:
    """Return the newest migration of this version."""
    return _REVISIONS[-1]


def is_known(revision: str) -> bool:
    """Return True if this version has the migration. If not, a newer version has migrated the database."""
    return revision in _REVISIONS


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
