"""Note who was invited, by whom and until when, beyond the life of the link."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

contracts = None

EARLIER_LIFETIME = timedelta(hours=72)

TIME = sa.DateTime(timezone=True)

USERS = sa.table("user_account", sa.column("id"), sa.column("password_hash"))

LINKS = sa.table(
    "one_time_link",
    sa.column("user_id"),
    sa.column("purpose"),
    sa.column("digest"),
    sa.column("security_stamp"),
    sa.column("expires_at", TIME),
)

INVITATIONS = sa.table(
    "invitation",
    sa.column("user_id"),
    sa.column("digest"),
    sa.column("security_stamp"),
    sa.column("sender"),
    sa.column("sent_at", TIME),
    sa.column("expires_at", TIME),
)


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("security_stamp", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=300), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_invitation_user_id_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_invitation"),
        sa.UniqueConstraint("digest", name="uq_invitation_digest"),
    )
    op.create_index("ix_invitation_expires_at_user_id", "invitation", ["expires_at", "user_id"])
    _note_those_that_are_open(op.get_bind())


def _note_those_that_are_open(connection: sa.Connection) -> None:
    """The links tell until when; until now each was sent 72 hours before. Who sent it is not known."""
    rows = connection.execute(
        sa.select(USERS.c.id, LINKS.c.digest, LINKS.c.security_stamp, LINKS.c.expires_at)
        .join_from(LINKS, USERS, USERS.c.id == LINKS.c.user_id)
        .where(LINKS.c.purpose == "invitation", USERS.c.password_hash.is_(None))
        .order_by(LINKS.c.expires_at)
    )
    newest = {row.id: row for row in rows}
    if newest:
        connection.execute(
            sa.insert(INVITATIONS),
            [
                {
                    "user_id": row.id,
                    "digest": row.digest,
                    "security_stamp": row.security_stamp,
                    "sender": "",
                    "sent_at": row.expires_at - EARLIER_LIFETIME,
                    "expires_at": row.expires_at,
                }
                for row in newest.values()
            ],
        )


def downgrade() -> None:
    op.drop_table("invitation")
