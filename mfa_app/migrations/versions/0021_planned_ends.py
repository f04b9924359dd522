"""Let accounts end after a last day, and keep the number by which a directory knows a person."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

contracts = "The code before it lets people into accounts whose last day is over."

INDEX = "ix_user_account_ends_at"


def upgrade() -> None:
    op.add_column("user_account", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user_account", sa.Column("directory_number", sa.String(length=40), nullable=True))
    where = sa.text("ends_at IS NOT NULL")
    op.create_index(INDEX, "user_account", ["ends_at", "id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Disable what has ended, so that nobody gets in who could not before."""
    op.execute(
        "UPDATE user_account SET disabled_at = ends_at WHERE disabled_at IS NULL AND ends_at <= CURRENT_TIMESTAMP"
    )
    op.drop_index(INDEX, "user_account")
    op.drop_column("user_account", "directory_number")
    op.drop_column("user_account", "ends_at")
