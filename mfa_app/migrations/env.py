"""Run the migrations on the application's own engine. SQLite rebuilds tables that it can't alter."""

from alembic import context
from flask import current_app

from mfa_app.core.common import migrations


def run() -> None:
    """Migrate the database to the requested revision in one transaction."""
    migrate = current_app.extensions["migrate"]
    with migrations.migrating(migrate.db.engine) as connection:
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            **{"render_as_batch": True, **migrate.configure_args},
        )
        context.run_migrations()


run()
