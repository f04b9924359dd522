"""Let users lock their own account until the help desk opens it again."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

contracts = "The code before it lets people into accounts that their owners have locked."

INDEX = "ix_user_account_locked"


def upgrade() -> None:
    op.add_column("user_account", sa.Column("account_locked_at", sa.DateTime(timezone=True), nullable=True))
    where = sa.text("account_locked_at IS NOT NULL")
    op.create_index(INDEX, "user_account", ["email_key"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Disable what is locked, so that nobody gets in who could not before."""
    op.execute(
        "UPDATE user_account SET disabled_at = account_locked_at WHERE disabled_at IS NULL AND account_locked_at IS NOT NULL"
    )
    op.execute("DELETE FROM one_time_link WHERE purpose = 'account_lock'")
    op.drop_index(INDEX, "user_account")
    op.drop_column("user_account", "account_locked_at")
