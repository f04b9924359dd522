"""Keep with an import which groups saving it creates.

An import that waits during the upgrade has none: if it would create groups, its file is checked again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

contracts = None


def upgrade() -> None:
    op.add_column("people_import", sa.Column("creates", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("people_import", "creates")
