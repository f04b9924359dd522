"""Keep passkeys, and the challenges that they have used up. Whoever has an app or a passkey is linked."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

contracts = (
    "The code before it takes somebody with passkeys alone for somebody without a second factor, and a reset "
    "leaves the passkeys."
)

FACTORS = ("authenticator", "passkey")
EVENTS = {"begins": "INSERT", "changes": "UPDATE OF user_id", "ends": "DELETE"}


def upgrade() -> None:
    _create_tables()
    op.add_column("user_account", sa.Column("passkey_handle", sa.String(length=43), nullable=True))
    op.create_index("ix_user_account_passkey_handle", "user_account", ["passkey_handle"], unique=True)
    _drop_triggers("authenticator")
    _create_triggers(*FACTORS)


def downgrade() -> None:
    """Passkeys end; who had nothing else has no second factor any more."""
    op.execute("DELETE FROM passkey")
    _drop_triggers(*FACTORS)
    op.drop_index("ix_user_account_passkey_handle", "user_account")
    op.drop_column("user_account", "passkey_handle")
    op.drop_table("used_challenge")
    op.drop_table("passkey")
    _create_triggers("authenticator")


def _create_tables() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("aaguid", sa.String(length=36), nullable=False),
        sa.Column("backup_eligible", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("rp_id", sa.String(length=253), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_passkey_user_id_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    op.create_index("ix_passkey_user_id", "passkey", ["user_id"])
    op.create_table(
        "used_challenge",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_challenge"),
    )
    op.create_index("ix_used_challenge_expires_at", "used_challenge", ["expires_at"])


def _drop_triggers(*tables: str) -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in tables:
        for moment in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{moment}" + (f" ON {table}" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION note_authenticator()")


def _create_triggers(*tables: str) -> None:
    """Let triggers note at a user whether one of these tables has a row of theirs."""
    begins = "UPDATE user_account SET linked = true WHERE id = NEW.user_id;"
    has_any = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE user_id = OLD.user_id)" for table in tables)
    ends = f"UPDATE user_account SET linked = {has_any} WHERE id = OLD.user_id;"
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute(
            "CREATE FUNCTION note_authenticator() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP <> 'INSERT' THEN {ends} END IF; IF TG_OP <> 'DELETE' THEN {begins} END IF; "
            "RETURN NULL; END $$"
        )
    bodies = {"begins": begins, "changes": f"{ends} {begins}", "ends": ends}
    for table in tables:
        for moment, event in EVENTS.items():
            call = "FOR EACH ROW EXECUTE FUNCTION note_authenticator()"
            action = call if on_postgresql else f"BEGIN {bodies[moment]} END"
            op.execute(f"CREATE TRIGGER {table}_{moment} AFTER {event} ON {table} {action}")
