"""Migrations lead from an empty database to the tables that the models describe, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Executable, MetaData, Table, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.core.audit import verification
from mfa_app.core.factors import registry
from mfa_app.core.groups import groups
from mfa_app.core.operations import counts
from mfa_app.core.users import directory, lookup
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import Authenticator as AppRow
from mfa_app.models import CohortCount, SitePolicy
from tests.support.authenticator import Authenticator
from tests.support.databases import both_databases, downgrade
from tests.support.passkey_rows import passkey_of
from tests.support.passkeys import send_passkey
from tests.support.world import TERMINAL, World

pytestmark = both_databases


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def rows(statement: str) -> list[tuple[Any, ...]]:
    """Return what the database itself has, whichever migration it is at."""
    with db.engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def authenticators() -> Table:
    """Return the table of apps with the columns that it has at this migration."""
    return Table("authenticator", MetaData(), autoload_with=db.engine)


def row_of(table: Table) -> dict[str, Any]:
    """Return the only row of a table."""
    with db.engine.begin() as connection:
        return dict(connection.execute(select(table)).mappings().one())


def execute(change: Executable) -> None:
    """Make a change past the models, and commit it."""
    with db.engine.begin() as connection:
        connection.execute(change)


def test_from_an_empty_database_all_tables_are_made_and_a_rule_that_requires_nothing(app: Flask) -> None:
    with app.app_context():
        downgrade("base")
        assert tables() == set()
        bring_to_head()
        assert tables() == set(db.metadata.tables)
        rule = db.session.get_one(SitePolicy, 1)
        assert (rule.required, rule.grace_days, rule.remember_days) == (False, 0, 30)


def test_the_tables_are_those_of_the_models_to_the_column(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, db.metadata) == []


def test_flask_db_check_finds_no_difference(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["db", "check"])
    assert result.exit_code == 0, result.output


BEFORE_SEARCH_WORDS = (
    "UPDATE user_account SET name = 'Bo O’Brien', email = 'weiß@example.com' WHERE name = 'Bob'",
    "UPDATE user_account SET email_key = 'weiss@example.com' WHERE email = 'weiß@example.com'",
    "UPDATE user_group SET name = 'Fi\u00adnance', name_key = 'fi\u00adnance'",
)


def test_migrating_twice_changes_nothing(world: World) -> None:
    world.person("alice")
    with world.app.app_context():
        bring_to_head()
        assert world.user("alice").name == "Alice"


def test_going_back_and_forward_again_loses_nothing_and_makes_words_and_keys_anew(world: World) -> None:
    alice = world.remembered_a_minute_ago("alice")
    world.person("bob")
    with world.app.app_context():
        downgrade("0006")
        for statement in BEFORE_SEARCH_WORDS:
            execute(text(statement))
        downgrade("0001")
        bring_to_head()
    assert world.log_in_and_wait("alice", alice).page.path == "/"
    with world.data():
        assert verification.verify() is None
        found = directory.search(UserFilters(text="brien bo"), actor=TERMINAL, now=world.clock()).entries
        assert [entry.email for entry in found] == ["weiß@example.com"]
        assert lookup.find_by_email("WEIß@example.com") is not None
        assert lookup.find_by_email("weiss@example.com") is None
        assert groups.find("Finance") is not None


def test_there_is_never_a_second_rule_for_everyone(world: World) -> None:
    with world.app.app_context(), pytest.raises(IntegrityError):
        db.session.execute(insert(SitePolicy).values(id=2))


def test_two_spellings_of_an_address_or_a_group_are_one_to_the_database_too(app: Flask) -> None:
    with app.app_context():
        unique = {
            (table, tuple(found["column_names"]))
            for table in (
                "user_account",
                "user_group",
                "auth_session",
                "remembered_device",
                "one_time_link",
            )
            for found in inspect(db.engine).get_unique_constraints(table)
        }
    assert unique >= {
        ("user_account", ("email_key",)),
        ("user_group", ("name_key",)),
        ("auth_session", ("digest",)),
        ("remembered_device", ("digest",)),
        ("one_time_link", ("digest",)),
    }


FACTS = "SELECT name, linked, opted_in FROM user_account ORDER BY name"
LOCKS = "SELECT name, factors_locked_at FROM user_account ORDER BY name"
APPS = "SELECT id, user_id, name FROM authenticator ORDER BY user_id"
APPS_BEFORE = """
    SELECT user_account.name, authenticator.id, authenticator.opted_in, locked_at
    FROM authenticator JOIN user_account ON user_account.id = user_id ORDER BY user_account.name
"""


def test_going_back_to_one_app_keeps_the_newest_the_lock_and_the_choice(world: World) -> None:
    """And of who has a passkey only the choice: without passkeys, they have no second factor."""
    world.person("frank")
    send_passkey(world.password_given("frank"), Authenticator())
    world.group("Finance", required=True)
    world.person("alice")
    world.link_another(world.link_and_wait("alice"), "Work phone")
    world.linked_earlier("bob", groups_=("Finance",))
    world.person("erin")
    with world.data():
        registry.lock(world.user("alice"), now=world.clock())
    newest, bobs = (world.app_page(*app).rpartition("/")[2] for app in (("alice", 1), ("bob", 0)))
    facts = [("Alice", 1, 1), ("Bob", 1, 0), ("Erin", 0, 0), ("Frank", 0, 1)]
    with world.app.app_context():
        locks = rows(LOCKS)
        locked_at = locks[0][1]
        assert locks == [("Alice", locked_at), ("Bob", None), ("Erin", None), ("Frank", None)]
        assert locked_at
        downgrade("0013")
        assert rows(APPS_BEFORE) == [("Alice", newest, 1, locked_at), ("Bob", bobs, 0, None)]
        assert rows(FACTS) == facts
        bring_to_head()
        assert (rows(FACTS), rows(LOCKS)) == (facts, locks)
        assert [(app, name) for app, _user, name in rows(APPS)] == [(newest, None), (bobs, None)]
    assert world.log_in_and_wait("bob").page.path == "/"
    assert world.password_given("frank").page.path == "/"


def changed_one_by_one(changes: list[tuple[Executable, tuple[str, int, int]]]) -> None:
    """Change rows past the models, and look what triggers make of it: the name, linked, and the choice."""
    for change, facts in changes:
        execute(change)
        assert rows(FACTS) == [facts], str(change)


CHOSEN, LINKED = ("Alice", 0, 1), ("Alice", 1, 1)


def test_triggers_link_and_unlink_users_with_one_app_with_several_and_with_passkeys(world: World) -> None:
    """The only app has the choice in its row. Where there may be several factors, the last one leaves it."""
    world.linked("alice")
    with world.app.app_context():
        downgrade("0013")
        apps = authenticators()
        app, choice = row_of(apps), update(apps)
        without, again = choice.values(opted_in=False), choice.values(opted_in=True)
        changed_one_by_one([(without, ("Alice", 1, 0)), (again, LINKED), (delete(apps), ("Alice", 0, 0))])
        changed_one_by_one([(insert(apps).values(app), LINKED)])
        bring_to_head()
        apps, keys = authenticators(), db.metadata.tables["passkey"]
        app, key = row_of(apps), key_of(world)
        add, another = insert(apps).values(app), insert(apps).values(app | {"id": "f" * 32})
        remove, add_key, remove_key = delete(apps), insert(keys).values(key), delete(keys)
        first = remove.where(apps.c.id == app["id"])
        changed_one_by_one([(another, LINKED), (first, LINKED), (remove, CHOSEN), (add, LINKED)])
        changed_one_by_one([(add_key, LINKED), (remove, LINKED), (remove_key, CHOSEN)])
        changed_one_by_one([(add_key, LINKED), (add, LINKED), (remove_key, LINKED)])


def key_of(world: World) -> dict[str, Any]:
    """Return the row of a passkey of Alice."""
    return {
        "id": "a" * 32,
        "user_id": world.user("alice").id,
        "credential_id": "AA",
        "public_key": "AA",
        "sign_count": 0,
        "aaguid": "",
        "backup_eligible": False,
        "backed_up": False,
        "rp_id": "localhost",
        "name": "Key",
        "registered_at": world.clock(),
    }


def test_parts_of_names_passkeys_and_the_last_use_of_those_who_were_there_are_found(world: World) -> None:
    for name in ("alice", "bob", "eve"):
        world.linked_earlier(name)
    world.rename("alice", "Alice Vandenhuis")
    with world.data():
        today = world.clock().date()
        for name, days in (("alice", 3), ("bob", 0)):
            app = AppRow.user_id == world.user(name).id
            step = int((world.clock() - timedelta(days=40 + days)).timestamp()) // 30
            db.session.execute(update(AppRow).where(app).values(last_step=step))
        passkey = passkey_of(world.user("bob").id, world.clock())
        passkey.last_used_at = world.clock() - timedelta(days=5)
        db.session.add(passkey)
        db.session.execute(delete(AppRow).where(AppRow.user_id == world.user("eve").id))
    with world.app.app_context():
        downgrade("0027")
        execute(text("DELETE FROM search_word WHERE word IN ('denhuis', 'nhuis', 'huis')"))
        downgrade("0016")
        bring_to_head()
        found = directory.search(UserFilters(text="huis"), actor=TERMINAL, now=world.clock())
        assert [entry.name for entry in found.entries] == ["Alice Vandenhuis"]
        used = [world.user(name).second_factor_on for name in ("alice", "bob", "eve")]
        assert [day and (today - day).days for day in used] == [43, 5, None]
        counts.sum_up()
        number = func.sum(CohortCount.people)
        people = select(CohortCount.has_passkey, number).group_by(CohortCount.has_passkey)
        assert sorted(map(tuple, db.session.execute(people))) == [(False, 2), (True, 1)]
        assert counts.differences() == 0
