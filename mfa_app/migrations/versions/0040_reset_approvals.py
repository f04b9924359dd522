"""Keep resets that wait for a second approval."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    user = "user_account.id"
    op.create_table(
        "reset_approval",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("check_way", sa.String(length=20), nullable=False),
        sa.Column("check_note", sa.String(length=300), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("risks", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], [user], name="fk_reset_approval_user_id_user_account", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], [user], name="fk_reset_approval_asked_by_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reset_approval"),
        sa.UniqueConstraint("user_id", name="uq_reset_approval_user_id"),
    )
    op.create_index("ix_reset_approval_asked_by", "reset_approval", ["asked_by"])
    op.create_index("ix_reset_approval_expires_at", "reset_approval", ["expires_at"])


def downgrade() -> None:
    op.drop_table("reset_approval")
