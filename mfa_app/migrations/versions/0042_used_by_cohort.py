"""Find who of a group has used a second factor lately without reading everyone who has."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

contracts = None

BEFORE, AFTER = "ix_user_account_second_factor_on", "ix_user_account_cohort_id_used"


def upgrade() -> None:
    op.drop_index(BEFORE, "user_account")
    _create(AFTER, "cohort_id", "second_factor_on")


def downgrade() -> None:
    op.drop_index(AFTER, "user_account")
    _create(BEFORE, "second_factor_on", "cohort_id")


def _create(name: str, *first: str) -> None:
    used = sa.text("second_factor_on IS NOT NULL")
    columns = [*first, "linked", "disabled_at"]
    op.create_index(name, "user_account", columns, sqlite_where=used, postgresql_where=used)
