"""Run the migrations on the application's own engine; SQLite rebuilds a table where it cannot alter it."""

from alembic import context
from flask import current_app


def run() -> None:
    """Bring the database to the revision asked for, in one transaction."""
    migrate = current_app.extensions["migrate"]
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            **{"render_as_batch": True, **migrate.configure_args},
        )
        with context.begin_transaction():
            context.run_migrations()


run()
