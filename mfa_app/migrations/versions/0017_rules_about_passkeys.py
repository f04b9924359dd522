"""Let a rule speak of passkeys, and count who has one."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

contracts = (
    "The code before it lets people in by a code where a rule wants a passkey, and sums up the counts of "
    "people without telling who has a passkey."
)

RULES = ("user_group", "site_policy")
VALUES = ("passkey_only", "passkey_alone")
INDEX = "ix_user_account_has_passkey_email_key"

FACTS = {  # of a row of user_account, by the columns of cohort_count
    "cohort_id": "{row}.cohort_id",
    "disabled": "{row}.disabled_at IS NOT NULL",
    "privileged": "{row}.role IN ('helpdesk', 'admin')",
    "required": "{row}.required",
    "link_required": "{row}.link_required",
    "exemption": "{row}.exempt_until IS NOT NULL",
    "linked": "{row}.linked",
    "opted_in": "{row}.opted_in",
}
COLUMNS = (
    "cohort_id",
    "disabled_at",
    "role",
    "required",
    "link_required",
    "exempt_until",
    "linked",
    "opted_in",
)
NEW_FACT = {"has_passkey": "{row}.has_passkey"}

COUNT_LINKED = (
    "INSERT INTO group_count (group_id, members, linked) "
    "SELECT group_id, 0, CAST(NEW.linked AS integer) - CAST(OLD.linked AS integer) "
    "FROM membership WHERE user_id = NEW.id"
)
COUNTING = {
    "user_account_is_counted": "INSERT",
    "user_account_is_counted_again": "UPDATE OF {columns}",
    "user_account_is_counted_out": "DELETE",
}
NOTING = {"passkey_begins": "INSERT", "passkey_changes": "UPDATE OF user_id", "passkey_ends": "DELETE"}
ANY_APP, ANY_PASSKEY = (
    f"EXISTS (SELECT 1 FROM {table} WHERE user_id = OLD.user_id)" for table in ("authenticator", "passkey")
)


def upgrade() -> None:
    for table in RULES:
        for name in VALUES:
            op.add_column(table, _flag(name))
    for table in ("user_account", "cohort_count"):
        op.add_column(table, _flag("has_passkey"))
    _count_people_by(FACTS | NEW_FACT, (*COLUMNS, "has_passkey"))
    _note_passkeys(", has_passkey = true", f", has_passkey = {ANY_PASSKEY}", "note_passkey()")
    op.execute("UPDATE user_account SET has_passkey = true WHERE id IN (SELECT user_id FROM passkey)")
    op.create_index(INDEX, "user_account", ["has_passkey", "email_key"])


def downgrade() -> None:
    op.drop_index(INDEX, "user_account")
    _count_people_by(FACTS, COLUMNS)
    _note_passkeys("", "", "note_authenticator()")
    if _on_postgresql():
        op.execute("DROP FUNCTION note_passkey()")
    for table in ("cohort_count", "user_account"):
        op.drop_column(table, "has_passkey")
    for table in RULES:
        for name in reversed(VALUES):
            op.drop_column(table, name)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _drop_triggers(table: str, names: dict[str, str]) -> None:
    for name in names:
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if _on_postgresql() else ""))


def _count_people_by(facts: dict[str, str], columns: tuple[str, ...]) -> None:
    """Let the triggers count people by these facts, each time one of these columns changes."""
    _drop_triggers("user_account", COUNTING)
    out, again = _count("OLD", -1, facts), _count("NEW", 1, facts)
    if _on_postgresql():
        _replace_function(
            "count_user()",
            f"IF TG_OP <> 'INSERT' THEN {out} END IF; IF TG_OP <> 'DELETE' THEN {again} END IF; "
            f"IF TG_OP = 'UPDATE' THEN IF OLD.linked <> NEW.linked THEN {COUNT_LINKED}; END IF; END IF;",
        )
    bodies = again, f"{out} {again} {COUNT_LINKED} AND OLD.linked <> NEW.linked;", out
    differ = " IS DISTINCT FROM " if _on_postgresql() else " IS NOT "
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    for (name, event), body in zip(COUNTING.items(), bodies, strict=True):
        moment = event.format(columns=", ".join(columns))
        when = f"WHEN (({old}){differ}({new}))" if "UPDATE" in event else ""
        action = (
            f"FOR EACH ROW {when} EXECUTE FUNCTION count_user()"
            if _on_postgresql()
            else f"{when} BEGIN {body} END"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER {moment} ON user_account {action}")


def _count(row: str, people: int, facts: dict[str, str]) -> str:
    values = ", ".join(fact.format(row=row) for fact in facts.values())
    return f"INSERT INTO cohort_count ({', '.join(facts)}, people) VALUES ({values}, {people});"


def _note_passkeys(also_begins: str, also_ends: str, function: str) -> None:
    """Let the triggers note at a user that a passkey begins or ends. `function` does so on PostgreSQL."""
    _drop_triggers("passkey", NOTING)
    begins = f"UPDATE user_account SET linked = true{also_begins} WHERE id = NEW.user_id;"
    ends = f"UPDATE user_account SET linked = {ANY_APP} OR {ANY_PASSKEY}{also_ends} WHERE id = OLD.user_id;"
    if _on_postgresql() and function == "note_passkey()":
        _replace_function(
            function,
            f"IF TG_OP <> 'INSERT' THEN {ends} END IF; IF TG_OP <> 'DELETE' THEN {begins} END IF;",
        )
    for (name, event), body in zip(NOTING.items(), (begins, f"{ends} {begins}", ends), strict=True):
        action = f"FOR EACH ROW EXECUTE FUNCTION {function}" if _on_postgresql() else f"BEGIN {body} END"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON passkey {action}")


def _replace_function(name: str, body: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name} RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NULL; END $$"
    )
