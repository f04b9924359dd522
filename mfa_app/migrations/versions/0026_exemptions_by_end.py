"""List exemptions by their end, without reading everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

contracts = None

INDEX = "ix_user_account_exempt_until"


def upgrade() -> None:
    where = sa.text("exempt_until IS NOT NULL")
    op.create_index(INDEX, "user_account", ["exempt_until", "id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index(INDEX, "user_account")
