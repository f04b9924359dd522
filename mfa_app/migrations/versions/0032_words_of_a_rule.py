"""Keep an administrator's own words for the emails of a rule, and since when a rule wants a passkey."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

contracts = None

TABLES = ("site_policy", "user_group")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("mail_text", sa.String(length=1000), nullable=True))
        op.add_column(table, sa.Column("passkey_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "passkey_since")
        op.drop_column(table, "mail_text")
