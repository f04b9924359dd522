"""Keep what administrators set for the site on its pages, and find their test emails."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.create_table(
        "site_setting",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_site_setting"),
    )
    op.create_index(
        "ix_outbox_mail_test",
        "outbox_mail",
        ["to", "created_at"],
        sqlite_where=sa.text("template = 'test'"),
        postgresql_where=sa.text("template = 'test'"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_mail_test", "outbox_mail")
    op.drop_table("site_setting")
