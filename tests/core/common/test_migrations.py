"""Migrations lead from an empty database to the tables that the models describe, on both databases."""

from collections.abc import Iterator
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


@pytest.fixture
def empty(app: Flask) -> Iterator[Flask]:
    """The application on a database from which all tables have been taken."""
    with app.app_context():
        downgrade("base")
        yield app


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


def test_from_an_empty_database_all_tables_are_made(empty: Flask) -> None:
    assert tables() == set()
    bring_to_head()
    assert tables() == set(db.metadata.tables)


def test_the_tables_are_those_of_the_models_to_the_column(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, db.metadata) == []


def test_flask_db_check_finds_no_difference(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["db", "check"])
    assert result.exit_code == 0, result.output


def test_migrating_twice_changes_nothing(world: World) -> None:
    world.person("alice")
    with world.app.app_context():
        bring_to_head()
        assert world.user("alice").name == "Alice"


def test_going_back_one_release_and_forward_again_loses_nothing(world: World) -> None:
    alice = world.remembered_a_minute_ago("alice")
    with world.app.app_context():
        downgrade("0001")
        bring_to_head()
    assert world.log_in_and_wait("alice", alice).page.path == "/"
    with world.data():
        assert verification.verify() is None


def test_a_fresh_database_has_the_one_rule_for_everyone_which_requires_nothing(empty: Flask) -> None:
    bring_to_head()
    rule = db.session.get_one(SitePolicy, 1)
    assert (rule.required, rule.grace_days, rule.remember_days) == (False, 0, 30)


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


def test_words_and_keys_of_those_who_were_there_before_are_made_by_todays_rules(world: World) -> None:
    world.person("alice")
    world.group("Finance")
    with world.app.app_context():
        downgrade("0006")
        old = [
            "UPDATE user_account SET name = 'Ali O’Brien', email = 'weiß@example.com'",
            "UPDATE user_account SET email_key = 'weiss@example.com'",
            "UPDATE user_group SET name = 'Fi\u00adnance', name_key = 'fi\u00adnance'",
        ]
        for statement in old:
            db.session.execute(text(statement))
        db.session.commit()
        bring_to_head()
        found = directory.search(UserFilters(text="brien ali"), actor=TERMINAL, now=world.clock()).entries
        assert [entry.email for entry in found] == ["weiß@example.com"]
        assert lookup.find_by_email("WEIß@example.com") is not None
        assert lookup.find_by_email("weiss@example.com") is None
        assert groups.find("Finance") is not None


def test_a_part_of_a_name_finds_those_who_were_there_before(world: World) -> None:
    world.people("alice", "bob")
    world.rename("alice", "Alice Vandenhuis")
    with world.app.app_context():
        downgrade("0027")
        db.session.execute(text("DELETE FROM search_word WHERE word IN ('denhuis', 'nhuis', 'huis')"))
        db.session.commit()
        bring_to_head()
        found = directory.search(UserFilters(text="huis"), actor=TERMINAL, now=world.clock())
        assert [entry.name for entry in found.entries] == ["Alice Vandenhuis"]


FACTS = "SELECT name, linked, opted_in FROM user_account ORDER BY name"
LOCKS = "SELECT name, factors_locked_at FROM user_account ORDER BY name"
APPS = "SELECT id, user_id, name FROM authenticator ORDER BY user_id"
APPS_BEFORE = """
    SELECT user_account.name, authenticator.id, authenticator.opted_in, locked_at
    FROM authenticator JOIN user_account ON user_account.id = user_id ORDER BY user_account.name
"""


def test_going_back_to_one_app_keeps_the_newest_the_lock_and_the_choice(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice")
    world.link_another(world.link_and_wait("alice"), "Work phone")
    world.linked_earlier("bob", groups_=("Finance",))
    world.person("erin")
    with world.data():
        registry.lock(world.user("alice"), now=world.clock())
    newest, bobs = (world.app_page(*app).rpartition("/")[2] for app in (("alice", 1), ("bob", 0)))
    facts = [("Alice", 1, 1), ("Bob", 1, 0), ("Erin", 0, 0)]
    with world.app.app_context():
        locks = rows(LOCKS)
        locked_at = locks[0][1]
        assert locks == [("Alice", locked_at), ("Bob", None), ("Erin", None)]
        assert locked_at
        downgrade("0013")
        assert rows(APPS_BEFORE) == [("Alice", newest, 1, locked_at), ("Bob", bobs, 0, None)]
        assert rows(FACTS) == facts
        bring_to_head()
        assert (rows(FACTS), rows(LOCKS)) == (facts, locks)
        assert [(app, name) for app, _user, name in rows(APPS)] == [(newest, None), (bobs, None)]
    assert world.log_in_and_wait("bob").page.path == "/"


def test_where_users_have_one_app_its_row_gives_them_the_link_and_the_choice(world: World) -> None:
    world.linked("alice")
    with world.app.app_context():
        downgrade("0013")
        apps = authenticators()
        app = row_of(apps)
        for change, facts in [
            (update(apps).values(opted_in=False), ("Alice", 1, 0)),
            (update(apps).values(opted_in=True), ("Alice", 1, 1)),
            (delete(apps), ("Alice", 0, 0)),
            (insert(apps).values(app), ("Alice", 1, 1)),
        ]:
            execute(change)
            assert rows(FACTS) == [facts], str(change)


def test_an_app_or_a_passkey_links_and_the_last_one_unlinks(world: World) -> None:
    world.linked("alice")
    with world.app.app_context():
        downgrade("0015")
        bring_to_head()
        apps = authenticators()
        app = row_of(apps)
        passkey = db.metadata.tables["passkey"]
        key = {
            "id": "a" * 32,
            "user_id": app["user_id"],
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
        for change, facts in [
            (insert(passkey).values(key), ("Alice", 1, 1)),
            (delete(apps), ("Alice", 1, 1)),
            (delete(passkey), ("Alice", 0, 1)),
            (insert(passkey).values(key), ("Alice", 1, 1)),
            (insert(apps).values(app), ("Alice", 1, 1)),
            (delete(passkey), ("Alice", 1, 1)),
        ]:
            execute(change)
            assert rows(FACTS) == [facts], str(change)


def test_without_passkeys_who_has_nothing_else_is_not_linked(world: World) -> None:
    world.person("alice")
    send_passkey(world.password_given("alice"), Authenticator())
    with world.app.app_context():
        downgrade("0015")
        assert rows(FACTS) == [("Alice", 0, 1)]
        bring_to_head()
    assert world.password_given("alice").page.path == "/"


def test_where_users_have_several_apps_the_last_one_unlinks_and_leaves_their_choice(world: World) -> None:
    world.linked("alice")
    with world.app.app_context():
        downgrade("0013")
        bring_to_head()
        apps = authenticators()
        app = row_of(apps)
        for change, facts in [
            (insert(apps).values(app | {"id": "f" * 32}), ("Alice", 1, 1)),
            (delete(apps).where(apps.c.id == app["id"]), ("Alice", 1, 1)),
            (delete(apps), ("Alice", 0, 1)),
            (insert(apps).values(app), ("Alice", 1, 1)),
        ]:
            execute(change)
            assert rows(FACTS) == [facts], str(change)


def test_who_has_a_passkey_is_counted_after_going_back_and_forward(world: World) -> None:
    world.linked_earlier("alice")
    world.linked_earlier("bob")
    with world.data():
        db.session.add(passkey_of(world.user("alice").id, world.clock()))
    with world.app.app_context():
        downgrade("0016")
        bring_to_head()
        counts.sum_up()
        number = func.sum(CohortCount.people)
        people = select(CohortCount.has_passkey, number).group_by(CohortCount.has_passkey)
        assert sorted(map(tuple, db.session.execute(people))) == [(False, 1), (True, 1)]
        assert counts.differences() == 0


def test_who_used_a_second_factor_before_is_known_by_what_was_kept(world: World) -> None:
    for name in ("alice", "bob", "eve"):
        world.linked_earlier(name)
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
        bring_to_head()
    with world.data():
        used = [world.user(name).second_factor_on for name in ("alice", "bob", "eve")]
        assert [day and (today - day).days for day in used] == [43, 5, None]
