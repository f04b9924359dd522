"""Note how far an invitation has come, who may be told of it, and since when somebody is exempt."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

contracts = None

TABLE = "invitation"

TIME = sa.DateTime(timezone=True)

# Partial indexes: each but one is for one list of invitations.
INDEXES = {
    "ix_invitation_unused": (["expires_at", "user_id"], "used_at IS NULL"),
    "ix_invitation_waiting": (["expires_at", "user_id"], "mailed_at IS NULL AND used_at IS NULL"),
    "ix_invitation_opened": (["expires_at", "user_id"], "opened_at IS NOT NULL AND used_at IS NULL"),
    "ix_invitation_asked": (["expires_at", "user_id"], "asked_at IS NOT NULL AND used_at IS NULL"),
    "ix_invitation_reminder_digest": (["reminder_digest"], "reminder_digest IS NOT NULL"),
    "ix_invitation_used": (["used_at", "user_id"], "used_at IS NOT NULL"),
}


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("sender_id", sa.Integer(), nullable=True))
    op.add_column(TABLE, sa.Column("reminder_digest", sa.String(length=64), nullable=True))
    for name in ("mailed_at", "asked_at", "used_at"):
        op.add_column(TABLE, sa.Column(name, TIME, nullable=True))
    op.execute("UPDATE invitation SET mailed_at = sent_at")  # all but the very last have left
    for name, (columns, condition) in INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, TABLE, columns, sqlite_where=where, postgresql_where=where)
    op.add_column("user_account", sa.Column("exempt_since", TIME, nullable=True))


def downgrade() -> None:
    """Forget the invitations that were used: the code before deletes such rows."""
    op.execute("DELETE FROM invitation WHERE used_at IS NOT NULL")
    op.drop_column("user_account", "exempt_since")
    for name in INDEXES:
        op.drop_index(name, TABLE)
    for name in ("sender_id", "reminder_digest", "mailed_at", "asked_at", "used_at"):
        op.drop_column(TABLE, name)
