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
    "ix_user_account_linked_created_at": ["linked", "created_at"],
}
KEY = sa.String(length=120)
KEY_BY_BYTES = sa.String(length=120, collation="C")
GIVE = "UPDATE membership SET email_key = NEW.email_key, linked = NEW.linked WHERE user_id = NEW.id;"
GIVE_KEY = "UPDATE search_word SET email_key = NEW.email_key WHERE user_id = NEW.id"
OUTBOX_INDEXES = {
    "ix_outbox_mail_unsent": "sent_at IS NULL",
    "ix_outbox_mail_sent": "sent_at IS NOT NULL",
}
NAMES = "actor_name", "subject_name"


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, columns in USER_INDEXES.items():
        op.create_index(name, "user_account", columns)
    _partial("ix_user_account_disabled", "user_account", ["email_key"], "disabled_at IS NOT NULL")
    _partial("ix_user_account_exempt", "user_account", ["email_key"], "exempt_until IS NOT NULL")
    _partial("ix_authenticator_locked_at", "authenticator", ["locked_at"], "locked_at IS NOT NULL")
    for name, where in OUTBOX_INDEXES.items():
        _partial(name, "outbox_mail", ["created_at"], where)
    for name in NAMES:
        op.create_index(f"ix_audit_event_lower_{name}", "audit_event", [sa.text(f"lower({name})"), "id"])
    op.drop_index("ix_user_account_role", "user_account")
    op.drop_index("ix_user_account_name_key", "user_account")
    if on_postgresql:  # compare bytes, as SQLite does: so the beginning of a key is a range of the index
        op.alter_column("throttle", "key", type_=KEY_BY_BYTES, existing_type=KEY, existing_nullable=False)
    op.add_column("membership", sa.Column("email_key", sa.String(length=320), nullable=True))
    op.add_column("membership", sa.Column("linked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE membership SET email_key = user_account.email_key, linked = user_account.linked "
        "FROM user_account WHERE user_account.id = membership.user_id"
    )
    op.create_index("ix_membership_group_id_email_key", "membership", ["group_id", "email_key"])
    op.create_index(
        "ix_membership_group_id_linked_email_key", "membership", ["group_id", "linked", "email_key"]
    )
    op.create_index(
        "ix_membership_group_id_linked_joined_at", "membership", ["group_id", "linked", "joined_at"]
    )
    op.add_column("search_word", sa.Column("email_key", sa.String(length=320), nullable=True))
    op.execute(
        "UPDATE search_word SET email_key = user_account.email_key "
        "FROM user_account WHERE user_account.id = search_word.user_id"
    )
    for statement in _triggers_of_postgresql() if on_postgresql else _triggers_of_sqlite():
        op.execute(statement)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER search_word_takes_key" + (" ON search_word" if on_postgresql else ""))
    triggers = ("membership", "membership_takes_facts"), ("user_account", "user_account_gives_facts")
    for table, trigger in triggers:
        op.execute(f"DROP TRIGGER {trigger} ON {table}" if on_postgresql else f"DROP TRIGGER {trigger}")
    if on_postgresql:
        op.execute("DROP FUNCTION take_user_facts()")
        op.execute("DROP FUNCTION take_email_key()")
        op.execute("DROP FUNCTION give_user_facts()")
        op.alter_column("throttle", "key", type_=KEY, existing_type=KEY_BY_BYTES, existing_nullable=False)
    for columns in ("linked_joined_at", "linked_email_key", "email_key"):
        op.drop_index(f"ix_membership_group_id_{columns}", "membership")
    op.drop_column("search_word", "email_key")
    op.drop_column("membership", "linked")
    op.drop_column("membership", "email_key")
    op.create_index("ix_user_account_name_key", "user_account", ["name_key"])
    op.create_index("ix_user_account_role", "user_account", ["role"])
    op.drop_index("ix_authenticator_locked_at", "authenticator")
    for name in OUTBOX_INDEXES:
        op.drop_index(name, "outbox_mail")
    for name in NAMES:
        op.drop_index(f"ix_audit_event_lower_{name}", "audit_event")
    for name in ("ix_user_account_exempt", "ix_user_account_disabled", *USER_INDEXES):
        op.drop_index(name, "user_account")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _triggers_of_sqlite() -> list[str]:
    user = "FROM user_account WHERE id = NEW.user_id"
    return [
        "CREATE TRIGGER membership_takes_facts AFTER INSERT ON membership BEGIN "
        f"UPDATE membership SET email_key = (SELECT email_key {user}), linked = (SELECT linked {user}) "
        "WHERE user_id = NEW.user_id AND group_id = NEW.group_id; END",
        "CREATE TRIGGER user_account_gives_facts AFTER UPDATE OF email_key, linked ON user_account "
        "WHEN (OLD.email_key, OLD.linked) IS NOT (NEW.email_key, NEW.linked) "
        f"BEGIN {GIVE} {GIVE_KEY} AND OLD.email_key <> NEW.email_key; END",
        "CREATE TRIGGER search_word_takes_key AFTER INSERT ON search_word WHEN NEW.email_key IS NULL BEGIN "
        f"UPDATE search_word SET email_key = (SELECT email_key {user}) "
        "WHERE word = NEW.word AND user_id = NEW.user_id; END",
    ]


def _triggers_of_postgresql() -> list[str]:
    begin = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    return [
        f"CREATE FUNCTION take_user_facts() {begin} SELECT email_key, linked INTO NEW.email_key, NEW.linked "
        "FROM user_account WHERE id = NEW.user_id; RETURN NEW; END $$",
        f"CREATE FUNCTION give_user_facts() {begin} {GIVE} IF OLD.email_key <> NEW.email_key THEN {GIVE_KEY}; END IF; "
        "RETURN NULL; END $$",
        f"CREATE FUNCTION take_email_key() {begin} SELECT email_key INTO NEW.email_key "
        "FROM user_account WHERE id = NEW.user_id; RETURN NEW; END $$",
        "CREATE TRIGGER search_word_takes_key BEFORE INSERT ON search_word "
        "FOR EACH ROW WHEN (NEW.email_key IS NULL) EXECUTE FUNCTION take_email_key()",
        "CREATE TRIGGER membership_takes_facts BEFORE INSERT ON membership "
        "FOR EACH ROW EXECUTE FUNCTION take_user_facts()",
        "CREATE TRIGGER user_account_gives_facts AFTER UPDATE OF email_key, linked ON user_account "
        "FOR EACH ROW WHEN ((OLD.email_key, OLD.linked) IS DISTINCT FROM (NEW.email_key, NEW.linked)) "
        "EXECUTE FUNCTION give_user_facts()",
    ]
