"""Keep at a person what ended a session, for the next login."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("access_ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user_account", sa.Column("access_ended_because", sa.String(length=40), nullable=True))
    op.add_column("user_account", sa.Column("access_ended_by", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("user_account", "access_ended_by")
    op.drop_column("user_account", "access_ended_because")
    op.drop_column("user_account", "access_ended_at")
