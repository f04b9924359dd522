"""Let one person have a deadline of their own, and count who has one with those who have an exemption."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

contracts = "The code before it counts people with a deadline of their own as if they had none."

INDEX = "ix_user_account_link_by"

FACTS = {  # of a row of user_account, by the columns of cohort_count
    "cohort_id": "{row}.cohort_id",
    "disabled": "{row}.disabled_at IS NOT NULL",
    "privileged": "{row}.role IN ('helpdesk', 'admin')",
    "required": "{row}.required",
    "link_required": "{row}.link_required",
    "exemption": "{row}.exempt_until IS NOT NULL",
    "linked": "{row}.linked",
    "opted_in": "{row}.opted_in",
    "has_passkey": "{row}.has_passkey",
}
OWN_DATES = {"exemption": "({row}.exempt_until IS NOT NULL OR {row}.link_by IS NOT NULL)"}
COLUMNS = (
    "cohort_id",
    "disabled_at",
    "role",
    "required",
    "link_required",
    "exempt_until",
    "linked",
    "opted_in",
    "has_passkey",
)

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


def upgrade() -> None:
    op.add_column("user_account", sa.Column("link_by", sa.DateTime(timezone=True), nullable=True))
    where = sa.text("link_by IS NOT NULL")
    op.create_index(INDEX, "user_account", ["link_by"], sqlite_where=where, postgresql_where=where)
    _count_people_by(FACTS | OWN_DATES, (*COLUMNS, "link_by"))


def downgrade() -> None:
    """Forget the deadlines, while the triggers still count who has one."""
    op.execute("UPDATE user_account SET link_by = NULL WHERE link_by IS NOT NULL")
    _count_people_by(FACTS, COLUMNS)
    op.drop_index(INDEX, "user_account")
    op.drop_column("user_account", "link_by")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _count_people_by(facts: dict[str, str], columns: tuple[str, ...]) -> None:
    """Let the triggers count people by these facts, each time one of these columns changes."""
    for name in COUNTING:
        op.execute(f"DROP TRIGGER {name}" + (" ON user_account" if _on_postgresql() else ""))
    out, again = _count("OLD", -1, facts), _count("NEW", 1, facts)
    if _on_postgresql():
        op.execute(
            "CREATE OR REPLACE FUNCTION count_user() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF TG_OP <> 'INSERT' THEN {out} END IF; IF TG_OP <> 'DELETE' THEN {again} END IF; "
            f"IF TG_OP = 'UPDATE' THEN IF OLD.linked <> NEW.linked THEN {COUNT_LINKED}; END IF; END IF; "
            "RETURN NULL; END $$"
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
