"""Say how far each person has come in a roll-out, and keep reminders that are on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

contracts = None

TO_LINK = "ix_user_account_to_link"


def upgrade() -> None:
    op.add_column(
        "user_account", sa.Column("progress", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.execute("UPDATE user_account SET progress = 1 WHERE last_login_at IS NOT NULL")
    op.create_index(
        TO_LINK,
        "user_account",
        ["progress", "id"],
        sqlite_where=sa.text("linked = 0 AND disabled_at IS NULL"),
        postgresql_where=sa.text("NOT linked AND disabled_at IS NULL"),
    )
    op.create_table(
        "reminder_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_reminder_run_group_id_user_group", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reminder_run"),
    )
    op.create_index("ix_reminder_run_group_id", "reminder_run", ["group_id"])


def downgrade() -> None:
    op.drop_table("reminder_run")
    op.drop_index(TO_LINK, "user_account")
    op.drop_column("user_account", "progress")
