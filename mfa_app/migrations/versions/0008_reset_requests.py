"""Keep requests for a new password until a job answers them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.create_table(
        "reset_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sealed_request", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_request")),
    )
    op.create_index(op.f("ix_reset_request_created_at"), "reset_request", ["created_at"])


def downgrade() -> None:
    op.drop_table("reset_request")
