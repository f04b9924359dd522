"""Keep the secrets of apps that no longer count, and note the time steps that a refusal has told of."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

contracts = "The code before it accepts a code of which a refusal has told that its time will come."


def upgrade() -> None:
    op.create_table(
        "former_app",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=True),
        sa.Column("issuer", sa.String(length=200), nullable=True),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ending", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_former_app_user_id_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_former_app"),
    )
    op.create_index("ix_former_app_user_id", "former_app", ["user_id"])
    op.add_column("authenticator", sa.Column("spent_step", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("authenticator", "spent_step")
    op.drop_table("former_app")
