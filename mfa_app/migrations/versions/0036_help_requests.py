"""Keep requests for a reset, with the number that the caller reads out."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.create_table(
        "help_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=6), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("ip_address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_help_request_user_id_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_help_request"),
        sa.UniqueConstraint("user_id", name="uq_help_request_user_id"),
        sa.UniqueConstraint("digest", name="uq_help_request_digest"),
        sa.UniqueConstraint("number", name="uq_help_request_number"),
    )
    op.create_index("ix_help_request_expires_at", "help_request", ["expires_at"])


def downgrade() -> None:
    op.drop_table("help_request")
