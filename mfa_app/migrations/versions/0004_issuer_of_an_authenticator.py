"""Keep the name under which an authentication app shows its codes, so that a renamed site can say it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.add_column("authenticator", sa.Column("issuer", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("authenticator", "issuer")
