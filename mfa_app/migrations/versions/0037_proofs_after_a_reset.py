"""Note what linking takes after a reset, besides the password, and keep access passes."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

contracts = "The code before it lets people link with the password alone after any reset."


def upgrade() -> None:
    op.add_column("user_account", sa.Column("link_proof", sa.String(length=20), nullable=True))
    op.create_table(
        "link_secret",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_link_secret_user_id_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_link_secret"),
        sa.UniqueConstraint("user_id", "kind", name="uq_link_secret_user_id_kind"),
    )
    op.create_index("ix_link_secret_expires_at", "link_secret", ["expires_at"])


def downgrade() -> None:
    """Lock the accounts that wait for more than the password, so that nobody links with that alone."""
    op.execute(
        "UPDATE user_account SET account_locked_at = CURRENT_TIMESTAMP"
        " WHERE link_proof IS NOT NULL AND link_required AND account_locked_at IS NULL"
    )
    op.drop_table("link_secret")
    op.drop_column("user_account", "link_proof")
