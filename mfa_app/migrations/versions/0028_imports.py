"""Keep files of people, and what each of their rows does."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

contracts = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "people_import",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("ignored", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("leavers", sa.Boolean(), nullable=False),
        sa.Column("create_groups", sa.Boolean(), nullable=False),
        sa.Column("invite", sa.Boolean(), nullable=False),
        sa.Column("spares_leavers", sa.Boolean(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_all", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("refusal", sa.JSON(), nullable=True),
        sa.Column("worker", sa.String(length=32), nullable=True),
        sa.Column("invited_up_to", sa.Integer(), nullable=True),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=320), nullable=False),
        sa.Column("actor_role", sa.String(length=20), nullable=True),
        sa.Column("actor_stamp", sa.Integer(), nullable=True),
        sa.Column("ip_address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_people_import_group_id_user_group", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_import"),
    )
    op.create_index("ix_people_import_created_at", "people_import", ["created_at"])
    op.create_index("ix_people_import_group_id", "people_import", ["group_id"])
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("problem", sa.String(length=40), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_key", sa.String(length=600), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("directory_number", sa.String(length=40), nullable=True),
        sa.Column("was_name", sa.String(length=300), nullable=True),
        sa.Column("was_ends_at", TIME, nullable=True),
        sa.Column("was_directory_number", sa.String(length=40), nullable=True),
        sa.Column("joins", sa.JSON(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["people_import.id"],
            name="fk_import_row_import_id_people_import",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "position", name="pk_import_row"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_import_row_import_id_outcome_position", "import_row", ["import_id", "outcome", "position"]
    )


def downgrade() -> None:
    op.drop_table("import_row")
    op.drop_table("people_import")
