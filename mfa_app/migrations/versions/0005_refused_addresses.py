"""Note at each user whether the mail server refuses the address, and at each mail whose fault a failure was."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("email_refused_at", sa.DateTime(timezone=True)))
    op.add_column("user_account", sa.Column("email_refusal", sa.String(300)))
    op.add_column(
        "outbox_mail", sa.Column("recipient_refused", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("outbox_mail", "recipient_refused")
    op.drop_column("user_account", "email_refusal")
    op.drop_column("user_account", "email_refused_at")
