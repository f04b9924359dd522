"""Note who has to link an authenticator at the next login, because the earlier one was reset."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

contracts = "The code before it resets a second factor without noting that an app has to be linked."


def upgrade() -> None:
    op.add_column(  # the default stays: to drop it, SQLite would have to copy the table
        "user_account",
        sa.Column("link_required", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("user_account", "link_required")
