"""Know whom an email is about, and find those that could not be sent without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

contracts = None

FAILED = sa.text("sent_at IS NULL AND last_error IS NOT NULL")


def upgrade() -> None:
    op.add_column("outbox_mail", sa.Column("user_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_outbox_mail_failed",
        "outbox_mail",
        ["created_at", "id"],
        sqlite_where=FAILED,
        postgresql_where=FAILED,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_mail_failed", "outbox_mail")
    op.drop_column("outbox_mail", "user_id")
