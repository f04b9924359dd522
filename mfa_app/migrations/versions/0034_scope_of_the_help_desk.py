"""Know which groups a user of the help desk looks after, if not everyone."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.add_column(
        "user_account", sa.Column("help_limited", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "helpdesk_scope",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name="fk_helpdesk_scope_user_id_user_account",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_helpdesk_scope_group_id_user_group", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name="pk_helpdesk_scope"),
    )
    op.create_index("ix_helpdesk_scope_group_id", "helpdesk_scope", ["group_id"])


def downgrade() -> None:
    op.drop_table("helpdesk_scope")
    op.drop_column("user_account", "help_limited")
