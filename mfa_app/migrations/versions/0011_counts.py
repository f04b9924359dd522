"""Keep counts of people by groups and facts, so that no page counts people one by one.

Triggers keep them, in the transaction of each change. They only ever add rows, so nobody waits for a count.
Housekeeping sums the rows up.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

contracts = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FACTS = {  # of a row of user_account, in the order of the columns of cohort_count
    "cohort_id": "{row}.cohort_id",
    "disabled": "{row}.disabled_at IS NOT NULL",
    "privileged": "{row}.role IN ('helpdesk', 'admin')",
    "required": "{row}.required",
    "link_required": "{row}.link_required",
    "exemption": "{row}.exempt_until IS NOT NULL",
    "linked": "{row}.linked",
    "opted_in": "{row}.opted_in",
}
FACT_COLUMNS = "cohort_id, disabled_at, role, required, link_required, exempt_until, linked, opted_in"

ON_SQLITE = {
    "lists": (
        "SELECT user_id, group_concat(group_id) AS group_ids FROM "
        "(SELECT user_id, group_id FROM membership ORDER BY user_id, group_id) AS ordered GROUP BY user_id"
    ),
}
ON_POSTGRESQL = {
    "lists": (
        "SELECT user_id, string_agg(CAST(group_id AS text), ',' ORDER BY group_id) AS group_ids "
        "FROM membership GROUP BY user_id"
    ),
}


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:  # whoever changes something meanwhile waits, because nothing counts it yet
        op.execute(
            "LOCK TABLE user_account, user_group, membership, authenticator IN SHARE ROW EXCLUSIVE MODE"
        )
    _create_tables()
    _fill((ON_POSTGRESQL if on_postgresql else ON_SQLITE)["lists"])
    op.create_index("ix_cohort_group_ids", "cohort", ["group_ids"], postgresql_using="hash")
    op.create_index("ix_cohort_group_group_id_cohort_id", "cohort_group", ["group_id", "cohort_id"])
    op.create_index("ix_cohort_count_cohort_id", "cohort_count", ["cohort_id"])
    op.create_index("ix_group_count_group_id", "group_count", ["group_id"])
    for statement in _triggers_of_postgresql() if on_postgresql else _triggers_of_sqlite():
        op.execute(statement)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, trigger in TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger} ON {table}" if on_postgresql else f"DROP TRIGGER {trigger}")
    if on_postgresql:
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}")
    for table in ("group_count", "cohort_count", "cohort_group", "cohort"):
        op.drop_table(table)
    for column in ("cohort_id", "opted_in", "linked"):
        op.drop_column("user_account", column)


def _create_tables() -> None:
    for name in ("linked", "opted_in"):
        op.add_column(
            "user_account", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.add_column("user_account", sa.Column("cohort_id", sa.Integer(), nullable=True))
    op.create_table(
        "cohort",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_ids", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cohort"),
    )
    op.create_table(
        "cohort_group",
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name="fk_cohort_group_cohort_id_cohort", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_cohort_group_group_id_user_group", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cohort_id", "group_id", name="pk_cohort_group"),
    )
    op.create_table(
        "cohort_count",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in FACTS if name != "cohort_id"),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cohort_count"),
    )
    op.create_table(
        "group_count",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("linked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], name="fk_group_count_group_id_user_group", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_group_count"),
    )


def _fill(lists: str) -> None:
    """Count those who are there already. `lists` selects the groups of each person as a text."""
    op.execute(
        "UPDATE user_account SET linked = true, opted_in = authenticator.opted_in "
        "FROM authenticator WHERE authenticator.user_id = user_account.id"
    )
    op.execute(f"INSERT INTO cohort (group_ids) SELECT DISTINCT group_ids FROM ({lists}) AS lists")
    op.execute(
        "UPDATE user_account SET cohort_id = found.id FROM (SELECT user_id, cohort.id AS id "
        f"FROM ({lists}) AS lists JOIN cohort ON cohort.group_ids = lists.group_ids) AS found "
        "WHERE found.user_id = user_account.id"
    )
    op.execute(
        "INSERT INTO cohort_group (cohort_id, group_id) SELECT DISTINCT cohort_id, group_id "
        "FROM membership JOIN user_account ON user_account.id = membership.user_id"
    )
    numbers = ", ".join(str(number + 1) for number in range(len(FACTS)))
    op.execute(
        f"INSERT INTO cohort_count ({', '.join(FACTS)}, people) "
        f"SELECT {_facts('user_account')}, count(*) FROM user_account GROUP BY {numbers}"
    )
    op.execute(
        "INSERT INTO group_count (group_id, members, linked) "
        "SELECT group_id, count(*), sum(CAST(linked AS integer)) "
        "FROM membership JOIN user_account ON user_account.id = membership.user_id GROUP BY group_id"
    )


def _facts(row: str) -> str:
    return ", ".join(fact.format(row=row) for fact in FACTS.values())


def _count(row: str, people: int) -> str:
    return f"INSERT INTO cohort_count ({', '.join(FACTS)}, people) VALUES ({_facts(row)}, {people});"


def _count_member(row: str, sign: str) -> str:
    """Return the statement that counts a membership in its group, or takes it out of the count."""
    return (
        "INSERT INTO group_count (group_id, members, linked) "
        f"SELECT {row}.group_id, {sign}1, {sign}CAST(linked AS integer) "
        f"FROM user_account WHERE id = {row}.user_id;"
    )


COUNT_LINKED = (
    "INSERT INTO group_count (group_id, members, linked) "
    "SELECT group_id, 0, CAST(NEW.linked AS integer) - CAST(OLD.linked AS integer) "
    "FROM membership WHERE user_id = NEW.id;"
)
LEAVE_ALL_GROUPS = (
    "INSERT INTO group_count (group_id, members, linked) "
    "SELECT group_id, -1, -CAST(OLD.linked AS integer) FROM membership WHERE user_id = OLD.id;"
)
# A new group may get the number of one that is gone, so texts with that number are for nobody any more.
FORGET_TEXTS = (
    "UPDATE cohort SET group_ids = NULL "
    "WHERE id IN (SELECT cohort_id FROM cohort_group WHERE group_id = OLD.id);"
)
TRIGGERS = (
    ("user_account", "user_account_is_counted"),
    ("user_account", "user_account_is_counted_again"),
    ("user_account", "user_account_leaves"),
    ("user_account", "user_account_is_counted_out"),
    ("authenticator", "authenticator_begins"),
    ("authenticator", "authenticator_changes"),
    ("authenticator", "authenticator_ends"),
    ("membership", "membership_begins"),
    ("membership", "membership_changes"),
    ("membership", "membership_ends"),
    ("user_group", "user_group_ends"),
)
FUNCTIONS = (
    "count_user()",
    "note_authenticator()",
    "count_membership()",
    "place_in_cohort(integer)",
    "leave_all_groups()",
    "forget_cohort_texts()",
)


def _triggers_of_sqlite() -> list[str]:
    link = "UPDATE user_account SET linked = {}, opted_in = {} WHERE id = {}.user_id;"
    # Both are gone already if the row goes with the group or with the person.
    alone = (
        "WHEN EXISTS (SELECT 1 FROM user_group WHERE id = OLD.group_id) "
        "AND EXISTS (SELECT 1 FROM user_account WHERE id = OLD.user_id)"
    )
    old, new = (", ".join(f"{row}.{name}" for name in FACT_COLUMNS.split(", ")) for row in ("OLD", "NEW"))
    return [
        f"CREATE TRIGGER user_account_is_counted AFTER INSERT ON user_account BEGIN {_count('NEW', 1)} END",
        f"CREATE TRIGGER user_account_is_counted_again AFTER UPDATE OF {FACT_COLUMNS} ON user_account "
        f"WHEN ({old}) IS NOT ({new}) BEGIN {_count('OLD', -1)} {_count('NEW', 1)} "
        f"{COUNT_LINKED[:-1]} AND OLD.linked <> NEW.linked; END",
        f"CREATE TRIGGER user_account_leaves BEFORE DELETE ON user_account BEGIN {LEAVE_ALL_GROUPS} END",
        "CREATE TRIGGER user_account_is_counted_out AFTER DELETE ON user_account "
        f"BEGIN {_count('OLD', -1)} END",
        "CREATE TRIGGER authenticator_begins AFTER INSERT ON authenticator "
        f"BEGIN {link.format('true', 'NEW.opted_in', 'NEW')} END",
        "CREATE TRIGGER authenticator_changes AFTER UPDATE OF user_id, opted_in ON authenticator "
        f"BEGIN {link.format('false', 'false', 'OLD')} {link.format('true', 'NEW.opted_in', 'NEW')} END",
        "CREATE TRIGGER authenticator_ends AFTER DELETE ON authenticator "
        f"BEGIN {link.format('false', 'false', 'OLD')} END",
        "CREATE TRIGGER membership_begins AFTER INSERT ON membership "
        f"BEGIN {_count_member('NEW', '')} {_place_on_sqlite('NEW')} END",
        "CREATE TRIGGER membership_changes AFTER UPDATE OF user_id, group_id ON membership "
        f"BEGIN {_count_member('OLD', '-')} {_count_member('NEW', '')} "
        f"{_place_on_sqlite('OLD')} {_place_on_sqlite('NEW')} END",
        f"CREATE TRIGGER membership_ends AFTER DELETE ON membership {alone} "
        f"BEGIN {_count_member('OLD', '-')} {_place_on_sqlite('OLD')} END",
        f"CREATE TRIGGER user_group_ends BEFORE DELETE ON user_group BEGIN {FORGET_TEXTS} END",
    ]


def _place_on_sqlite(row: str) -> str:
    """Return the statements that put somebody into the cohort of all who are in the same groups."""
    text = (
        "(SELECT group_concat(group_id) FROM "
        f"(SELECT group_id FROM membership WHERE user_id = {row}.user_id ORDER BY group_id))"
    )
    cohort = f"(SELECT min(id) FROM cohort WHERE group_ids = {text})"
    return (
        f"INSERT INTO cohort (group_ids) SELECT {text} WHERE {text} IS NOT NULL AND {cohort} IS NULL; "
        f"UPDATE user_account SET cohort_id = {cohort} WHERE id = {row}.user_id; "
        f"INSERT INTO cohort_group (cohort_id, group_id) SELECT {cohort}, group_id FROM membership "
        f"WHERE user_id = {row}.user_id AND NOT EXISTS (SELECT 1 FROM cohort_group WHERE cohort_id = {cohort});"
    )


def _triggers_of_postgresql() -> list[str]:
    old, new = (", ".join(f"{row}.{name}" for name in FACT_COLUMNS.split(", ")) for row in ("OLD", "NEW"))
    count = "FOR EACH ROW EXECUTE FUNCTION"
    return [
        _function(
            "count_user()",
            f"IF TG_OP <> 'INSERT' THEN {_count('OLD', -1)} END IF; "
            f"IF TG_OP <> 'DELETE' THEN {_count('NEW', 1)} END IF; "
            f"IF TG_OP = 'UPDATE' THEN IF OLD.linked <> NEW.linked THEN {COUNT_LINKED} END IF; END IF; "
            "RETURN NULL;",
        ),
        _function("leave_all_groups()", f"{LEAVE_ALL_GROUPS} RETURN OLD;"),
        _function("forget_cohort_texts()", f"{FORGET_TEXTS} RETURN OLD;"),
        _function(
            "note_authenticator()",
            "IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.user_id <> NEW.user_id THEN "
            "UPDATE user_account SET linked = false, opted_in = false WHERE id = OLD.user_id; END IF; "
            "IF TG_OP <> 'DELETE' THEN UPDATE user_account SET linked = true, opted_in = NEW.opted_in "
            "WHERE id = NEW.user_id; END IF; RETURN NULL;",
        ),
        _function("place_in_cohort(person integer)", PLACE_ON_POSTGRESQL, returns="void"),
        _function(
            "count_membership()",
            "IF TG_OP <> 'INSERT' THEN "
            "IF EXISTS (SELECT 1 FROM user_group WHERE id = OLD.group_id) "
            "AND EXISTS (SELECT 1 FROM user_account WHERE id = OLD.user_id) THEN "
            f"{_count_member('OLD', '-')} PERFORM place_in_cohort(OLD.user_id); END IF; END IF; "
            f"IF TG_OP <> 'DELETE' THEN {_count_member('NEW', '')} "
            "PERFORM place_in_cohort(NEW.user_id); END IF; RETURN NULL;",
        ),
        f"CREATE TRIGGER user_account_is_counted AFTER INSERT ON user_account {count} count_user()",
        f"CREATE TRIGGER user_account_is_counted_again AFTER UPDATE OF {FACT_COLUMNS} ON user_account "
        f"FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION count_user()",
        f"CREATE TRIGGER user_account_leaves BEFORE DELETE ON user_account {count} leave_all_groups()",
        f"CREATE TRIGGER user_account_is_counted_out AFTER DELETE ON user_account {count} count_user()",
        f"CREATE TRIGGER authenticator_begins AFTER INSERT ON authenticator {count} note_authenticator()",
        "CREATE TRIGGER authenticator_changes AFTER UPDATE OF user_id, opted_in ON authenticator "
        f"{count} note_authenticator()",
        f"CREATE TRIGGER authenticator_ends AFTER DELETE ON authenticator {count} note_authenticator()",
        f"CREATE TRIGGER membership_begins AFTER INSERT ON membership {count} count_membership()",
        "CREATE TRIGGER membership_changes AFTER UPDATE OF user_id, group_id ON membership "
        f"{count} count_membership()",
        f"CREATE TRIGGER membership_ends AFTER DELETE ON membership {count} count_membership()",
        f"CREATE TRIGGER user_group_ends BEFORE DELETE ON user_group {count} forget_cohort_texts()",
    ]


PLACE_ON_POSTGRESQL = (
    "SELECT string_agg(CAST(group_id AS text), ',' ORDER BY group_id) INTO list "
    "FROM membership WHERE user_id = person; "
    "IF list IS NOT NULL THEN SELECT min(id) INTO place FROM cohort WHERE group_ids = list; "
    "IF place IS NULL THEN INSERT INTO cohort (group_ids) VALUES (list) RETURNING id INTO place; "
    "INSERT INTO cohort_group (cohort_id, group_id) "
    "SELECT place, group_id FROM membership WHERE user_id = person; END IF; END IF; "
    "UPDATE user_account SET cohort_id = place WHERE id = person;"
)


def _function(name: str, body: str, returns: str = "trigger") -> str:
    declared = "DECLARE list text; place integer; " if "INTO place" in body else ""
    return f"CREATE FUNCTION {name} RETURNS {returns} LANGUAGE plpgsql AS $$ {declared}BEGIN {body} END $$"
