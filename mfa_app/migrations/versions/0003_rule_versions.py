"""Count the changes of each rule, so that a change is saved only if the rule is the one it was made for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

contracts = "The code before it changes a rule without counting the change."

TABLES = ("user_group", "site_policy")


def upgrade() -> None:
    for table in TABLES:  # the default stays: to drop it, SQLite would have to copy both tables
        op.add_column(table, sa.Column("rule_version", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "rule_version")
