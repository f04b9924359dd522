"""Run the migrations on the application's own engine; SQLite rebuilds a table where it cannot alter it."""

from alembic import context
from flask import current_app

# Of two that migrate at once, the second waits here, and then finds nothing left to do.
ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7403218)"}


def run() -> None:
    """Bring the database to the revision asked for, in one transaction."""
    migrate = current_app.extensions["migrate"]
    engine = migrate.db.engine
    with engine.connect() as connection:
        connection.detach()  # nobody else shall get it with its foreign keys off
        if engine.name == "sqlite":  # a table is rebuilt by dropping it: that must delete nothing elsewhere
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            connection.exec_driver_sql(ONE_AT_A_TIME[engine.name])
            context.configure(
                connection=connection,
                target_metadata=migrate.db.metadata,
                **{"render_as_batch": True, **migrate.configure_args},
            )
            context.run_migrations()


run()
