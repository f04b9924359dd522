"""Know on which day each person last used a second factor, and keep how far a roll-out has come on each day."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

contracts = None

BEGUN, USED = "ix_user_account_begun", "ix_user_account_second_factor_on"

# What is known of former days: the last code of an app, the last answer of a passkey, and remembered devices.
DAY_OF_STEP = {
    "sqlite": "date(last_step * 30, 'unixepoch')",
    "postgresql": "(to_timestamp(last_step * 30.0) AT TIME ZONE 'UTC')::date",
}
DAY_OF_TIME = {"sqlite": "date({column})", "postgresql": "({column} AT TIME ZONE 'UTC')::date"}

FORMER_USE = """
UPDATE user_account SET second_factor_on = used.day
FROM (
    SELECT user_id, max(day) AS day
    FROM (
        SELECT user_id, {step} AS day FROM authenticator
        UNION ALL
        SELECT user_id, {passkey} FROM passkey WHERE last_used_at IS NOT NULL
        UNION ALL
        SELECT user_id, {device} FROM remembered_device WHERE last_used_at IS NOT NULL
    ) AS each_use
    GROUP BY user_id
) AS used
WHERE used.user_id = user_account.id
"""


def upgrade() -> None:
    op.add_column("user_account", sa.Column("second_factor_on", sa.Date(), nullable=True))
    dialect = op.get_bind().dialect.name
    of_time = DAY_OF_TIME[dialect].format(column="last_used_at")
    op.execute(FORMER_USE.format(step=DAY_OF_STEP[dialect], passkey=of_time, device=of_time))
    op.create_index(
        BEGUN,
        "user_account",
        ["linked", "progress", "cohort_id", "disabled_at"],
        sqlite_where=sa.text("linked = 0 AND disabled_at IS NULL"),
        postgresql_where=sa.text("NOT linked AND disabled_at IS NULL"),
    )
    op.create_index(
        USED,
        "user_account",
        ["second_factor_on", "cohort_id", "linked", "disabled_at"],
        sqlite_where=sa.text("second_factor_on IS NOT NULL"),
        postgresql_where=sa.text("second_factor_on IS NOT NULL"),
    )
    op.create_table(
        "rollout_day",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("logged_in", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("linked", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_rollout_day_group_id_user_group", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rollout_day"),
    )
    op.create_index("ix_rollout_day_group_id_day", "rollout_day", ["group_id", "day"])
    op.create_index("ix_rollout_day_taken_at", "rollout_day", ["taken_at"])


def downgrade() -> None:
    op.drop_table("rollout_day")
    op.drop_index(USED, "user_account")
    op.drop_index(BEGUN, "user_account")
    op.drop_column("user_account", "second_factor_on")
