"""Migrations lead from an empty database to the tables that the models describe, on both databases."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import IntegrityError

from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.core.audit import verification
from mfa_app.core.groups import groups
from mfa_app.core.users import directory, lookup
from mfa_app.core.users.directory import UserFilters
from mfa_app.extensions import db
from mfa_app.models import SitePolicy
from tests.support.databases import both_databases, downgrade
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
        found = directory.search(UserFilters(text="brien ali"), actor=TERMINAL).entries
        assert [entry.email for entry in found] == ["weiß@example.com"]
        assert lookup.find_by_email("WEIß@example.com") is not None
        assert lookup.find_by_email("weiss@example.com") is None
        assert groups.find("Finance") is not None
