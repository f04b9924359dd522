"""Keep the site's logo, which an administrator sends."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0036"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.create_table(
        "site_logo",
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_site_logo"),
    )


def downgrade() -> None:
    op.drop_table("site_logo")
