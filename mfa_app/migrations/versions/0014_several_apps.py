"""Let a user have several authentication apps: what is the same for all of them goes to the user's own row."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

contracts = (
    "The code before it reads from an authenticator whether codes are locked, and expects one at most."
)

TRIGGERS = ("authenticator_begins", "authenticator_changes", "authenticator_ends")


def upgrade() -> None:
    _drop_triggers()
    op.add_column("user_account", sa.Column("factors_locked_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE user_account SET factors_locked_at = authenticator.locked_at FROM authenticator "
        "WHERE authenticator.user_id = user_account.id AND authenticator.locked_at IS NOT NULL"
    )
    _index_what_is_set("user_account", "factors_locked_at")
    op.drop_index("ix_authenticator_locked_at", "authenticator")
    with op.batch_alter_table("authenticator") as table:
        table.add_column(sa.Column("name", sa.String(length=60), nullable=True))
        table.drop_constraint("uq_authenticator_user_id", type_="unique")
        table.drop_column("opted_in")
        table.drop_column("locked_at")
    op.create_index("ix_authenticator_user_id", "authenticator", ["user_id"])
    begins, ends = (
        _note("true", "NEW"),
        _note("EXISTS (SELECT 1 FROM authenticator WHERE user_id = OLD.user_id)", "OLD"),
    )
    _create_triggers("UPDATE OF user_id", begins, ends)


def downgrade() -> None:
    """Keep the app that each user linked last."""
    _drop_triggers()
    op.execute(
        "DELETE FROM authenticator WHERE id NOT IN (SELECT id FROM (SELECT id, row_number() OVER "
        "(PARTITION BY user_id ORDER BY enrolled_at DESC, id) AS place FROM authenticator) AS apps WHERE place = 1)"
    )
    op.drop_index("ix_authenticator_user_id", "authenticator")
    with op.batch_alter_table("authenticator") as table:
        table.add_column(sa.Column("opted_in", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True))
        table.drop_column("name")
        table.create_unique_constraint("uq_authenticator_user_id", ["user_id"])
    op.execute(
        "UPDATE authenticator SET locked_at = user_account.factors_locked_at, opted_in = user_account.opted_in "
        "FROM user_account WHERE user_account.id = authenticator.user_id"
    )
    with op.batch_alter_table("authenticator") as table:
        table.alter_column("opted_in", existing_type=sa.Boolean(), server_default=None)
    _index_what_is_set("authenticator", "locked_at")
    op.drop_index("ix_user_account_factors_locked_at", "user_account")
    op.drop_column("user_account", "factors_locked_at")
    begins, ends = _note("true", "NEW", "NEW.opted_in"), _note("false", "OLD", "false")
    _create_triggers("UPDATE OF user_id, opted_in", begins, ends)


def _index_what_is_set(table: str, column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=where, postgresql_where=where)


def _note(linked: str, row: str, opted_in: str | None = None) -> str:
    """Return the statement that notes at the user of a row whether an app is linked."""
    also = f", opted_in = {opted_in}" if opted_in else ""
    return f"UPDATE user_account SET linked = {linked}{also} WHERE id = {row}.user_id;"


def _drop_triggers() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}" + (" ON authenticator" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION note_authenticator()")


def _create_triggers(changes: str, begins: str, ends: str) -> None:
    """Let the triggers note the beginnings and the ends of rows. `changes` is when a row does both."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute(
            "CREATE FUNCTION note_authenticator() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP <> 'INSERT' THEN {ends} END IF; IF TG_OP <> 'DELETE' THEN {begins} END IF; "
            "RETURN NULL; END $$"
        )
    for name, event, body in zip(
        TRIGGERS, ("INSERT", changes, "DELETE"), (begins, f"{ends} {begins}", ends), strict=True
    ):
        action = (
            "FOR EACH ROW EXECUTE FUNCTION note_authenticator()" if on_postgresql else f"BEGIN {body} END"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON authenticator {action}")
