"""Keep how far each mail of a roll-out has come through its people."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.create_table(
        "mail_pass",
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("about", name="pk_mail_pass"),
    )


def downgrade() -> None:
    op.drop_table("mail_pass")
