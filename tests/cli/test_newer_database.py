"""A newer version has migrated the database: this one goes on working, or says why it can't."""

from sqlalchemy import text

from mfa_app.core.common import clock, schema
from mfa_app.core.common.schema import Fit
from mfa_app.core.operations import health_checks
from mfa_app.core.operations.health_checks import Problem
from mfa_app.extensions import db
from tests.support.databases import both_databases
from tests.support.expansion import migrate_beyond_this_version
from tests.support.terminal import Typist, done, refused
from tests.support.world import World


@both_databases
def test_after_a_migration_that_expands_older_nodes_start_and_work(world: World, typed: Typist) -> None:
    world.person("carol")
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    with world.data():
        migrate_beyond_this_version(oldest=str(schema.newest()))
        assert schema.fit(db.session.connection()) is Fit.EXPANDED
        assert health_checks.startup_blocker(world.settings) is None
    assert "Second Gate is ready" in done(typed("prepare"))
    world.person("bob")
    assert world.log_in_and_wait("alice").open("/account").path == "/account"


@both_databases
def test_after_one_that_contracts_they_are_refused(world: World, typed: Typist) -> None:
    with world.data():
        migrate_beyond_this_version(oldest="9998")
        assert schema.fit(db.session.connection()) is Fit.NEWER
        checks = health_checks.run_checks(world.settings, now=clock.now())
        assert Problem.NEWER in {check.problem for check in checks}
    assert "newer version" in refused(typed("prepare"))


def test_what_was_noted_at_another_migration_does_not_count(world: World, typed: Typist) -> None:
    with world.data():
        migrate_beyond_this_version(oldest=str(schema.newest()))
        db.session.execute(text("UPDATE alembic_version SET version_num = '99999'"))
    assert "newer version" in refused(typed("prepare"))
