"""Let an index serve each list of people: by filter, by group, by end of exemption, and of who is locked out."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

contracts = None

USER_INDEXES = {
    "ix_user_account_linked_email_key": ["linked", "email_key"],
    "ix_user_account_role_email_key": ["role", "email_key"],
    "ix_user_account_created_at": ["created_at"],
}
KEY = sa.String(length=120)
KEY_BY_BYTES = sa.String(length=120, collation="C")
GIVE_KEY = "UPDATE membership SET email_key = NEW.email_key WHERE user_id = NEW.id;"


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, columns in USER_INDEXES.items():
        op.create_index(name, "user_account", columns)
    _partial("ix_user_account_disabled", "user_account", ["email_key"], "disabled_at IS NOT NULL")
    _partial("ix_user_account_exempt", "user_account", ["email_key"], "exempt_until IS NOT NULL")
    _partial("ix_authenticator_locked_at", "authenticator", ["locked_at"], "locked_at IS NOT NULL")
    op.drop_index("ix_user_account_role", "user_account")
    op.drop_index("ix_user_account_name_key", "user_account")
    if (
        on_postgresql
    ):  # compares bytes, as SQLite does, so that the beginning of a key is a range of the index
        op.alter_column("throttle", "key", type_=KEY_BY_BYTES, existing_type=KEY, existing_nullable=False)
    op.add_column("membership", sa.Column("email_key", sa.String(length=320), nullable=True))
    op.execute(
        "UPDATE membership SET email_key = user_account.email_key "
        "FROM user_account WHERE user_account.id = membership.user_id"
    )
    op.create_index("ix_membership_group_id_email_key", "membership", ["group_id", "email_key"])
    op.create_index("ix_membership_group_id_joined_at", "membership", ["group_id", "joined_at"])
    for statement in _triggers_of_postgresql() if on_postgresql else _triggers_of_sqlite():
        op.execute(statement)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    triggers = ("membership", "membership_has_key"), ("user_account", "user_account_gives_key")
    for table, trigger in triggers:
        op.execute(f"DROP TRIGGER {trigger} ON {table}" if on_postgresql else f"DROP TRIGGER {trigger}")
    if on_postgresql:
        op.execute("DROP FUNCTION take_email_key()")
        op.execute("DROP FUNCTION give_email_key()")
        op.alter_column("throttle", "key", type_=KEY, existing_type=KEY_BY_BYTES, existing_nullable=False)
    for name in ("ix_membership_group_id_joined_at", "ix_membership_group_id_email_key"):
        op.drop_index(name, "membership")
    op.drop_column("membership", "email_key")
    op.create_index("ix_user_account_name_key", "user_account", ["name_key"])
    op.create_index("ix_user_account_role", "user_account", ["role"])
    op.drop_index("ix_authenticator_locked_at", "authenticator")
    for name in ("ix_user_account_exempt", "ix_user_account_disabled", *USER_INDEXES):
        op.drop_index(name, "user_account")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _triggers_of_sqlite() -> list[str]:
    return [
        "CREATE TRIGGER membership_has_key AFTER INSERT ON membership BEGIN "
        "UPDATE membership SET email_key = (SELECT email_key FROM user_account WHERE id = NEW.user_id) "
        "WHERE user_id = NEW.user_id AND group_id = NEW.group_id; END",
        "CREATE TRIGGER user_account_gives_key AFTER UPDATE OF email_key ON user_account "
        f"BEGIN {GIVE_KEY} END",
    ]


def _triggers_of_postgresql() -> list[str]:
    begin = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    return [
        f"CREATE FUNCTION take_email_key() {begin} NEW.email_key := "
        "(SELECT email_key FROM user_account WHERE id = NEW.user_id); RETURN NEW; END $$",
        f"CREATE FUNCTION give_email_key() {begin} {GIVE_KEY} RETURN NULL; END $$",
        "CREATE TRIGGER membership_has_key BEFORE INSERT ON membership "
        "FOR EACH ROW EXECUTE FUNCTION take_email_key()",
        "CREATE TRIGGER user_account_gives_key AFTER UPDATE OF email_key ON user_account "
        "FOR EACH ROW WHEN (OLD.email_key <> NEW.email_key) EXECUTE FUNCTION give_email_key()",
    ]
