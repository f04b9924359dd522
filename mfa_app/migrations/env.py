"""Run the migrations on the application's own engine. SQLite rebuilds tables that it can't alter."""

from alembic import context
from flask import current_app

# If two processes migrate at once, the second waits here and then finds nothing to do.
ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7403218)"}


def run() -> None:
    """Migrate the database to the requested revision in one transaction."""
    migrate = current_app.extensions["migrate"]
    engine = migrate.db.engine
    with engine.connect() as connection:
        connection.detach()  # nobody else may get this connection while its foreign keys are off
        if engine.name == "sqlite":  # a table is rebuilt by dropping it, which must not cascade
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
