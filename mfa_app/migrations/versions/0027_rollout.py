"""Say how far each person has come in a roll-out, keep its history, its texts, and reminders under way."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0020"
branch_labels = None
depends_on = None

contracts = None

RULES = "site_policy", "user_group"
TO_LINK = "ix_user_account_to_link"
BY_JOINING = "ix_membership_group_id_linked_joined_at"


def upgrade() -> None:
    op.add_column(
        "user_account", sa.Column("progress", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.execute("UPDATE user_account SET progress = 1 WHERE last_login_at IS NOT NULL")
    op.create_index(
        TO_LINK,
        "user_account",
        ["progress", "created_at", "id"],
        sqlite_where=sa.text("linked = 0 AND disabled_at IS NULL"),
        postgresql_where=sa.text("NOT linked AND disabled_at IS NULL"),
    )
    op.drop_index(BY_JOINING, "membership")
    op.create_index(BY_JOINING, "membership", ["group_id", "linked", "joined_at", "user_id"])
    for table in RULES:
        op.add_column(table, sa.Column("announcement", sa.Text(), nullable=True))
    op.create_table(
        "rollout_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("people", "logged_in", "seen", "linked", "used")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_rollout_day_group_id_user_group", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rollout_day"),
    )
    op.create_index("ix_rollout_day_group_id_day", "rollout_day", ["group_id", "day"])
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
    op.drop_table("rollout_day")
    for table in RULES:
        op.drop_column(table, "announcement")
    op.drop_index(BY_JOINING, "membership")
    op.create_index(BY_JOINING, "membership", ["group_id", "linked", "joined_at"])
    op.drop_index(TO_LINK, "user_account")
    op.drop_column("user_account", "progress")
