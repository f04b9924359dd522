"""Keep break-glass codes, hashed."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.create_table(
        "break_glass_code",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_break_glass_code"),
        sa.UniqueConstraint("digest", name="uq_break_glass_code_digest"),
    )


def downgrade() -> None:
    op.drop_table("break_glass_code")
